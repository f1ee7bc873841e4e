import { beforeAll, describe, expect, it } from "vitest";
import type { DocumentFilter } from "../../src/domain/filter.ts";
import { type DocumentOrder, documentOrders, type ListPosition, listDocuments } from "../../src/storage/list-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

const names = ["b", "a", "B", "ä", "a", "", "Z", "a", "😀", "\uffee", "aa", "a b"];

describe.each(testDatabases())("lists of documents on $name", (kind) => {
  const storage = useStorage(kind);
  const ownerId = newOwner();

  beforeAll(async () => {
    const { database } = storage();
    // Three moments for twelve documents, so that times tie; a third of them is changed later.
    for (const [index, documentName] of names.entries()) {
      const document = {
        ownerId,
        documentName,
        idAtOrigin: `${index}`,
        documentType: index % 2 === 0 ? "chat" : "code",
      } as const;
      await store(database, [document], { now: new Date(2026, 0, 1 + (index % 3)) });
      if (index % 3 === 0)
        await store(database, [{ ...document, leaves: ["changed"] }], { now: new Date(2026, 1, 1 + (index % 2)) });
    }
    await store(database, [{ documentName: "foreign" }]);
  });

  async function page(
    order: DocumentOrder,
    descending: boolean,
    after: ListPosition | undefined,
    count: number,
    filter: DocumentFilter = {},
  ) {
    return await listDocuments(storage().database, { ownerId, filter, order, descending, after, count });
  }

  async function readPages(order: DocumentOrder, descending: boolean, count: number, filter: DocumentFilter = {}) {
    const documents = [];
    let after: ListPosition | undefined;
    for (;;) {
      const rows = await page(order, descending, after, count, filter);
      expect(rows.length).toBeLessThanOrEqual(count);
      documents.push(...rows.map((row) => row.document));
      after = rows.at(-1)?.position;
      if (rows.length < count) return documents;
    }
  }

  describe.each(documentOrders.flatMap((order) => [false, true].map((descending) => ({ order, descending }))))(
    "by $order, descending: $descending",
    ({ order, descending }) => {
      it("hold each document once, whatever the size of the pages", async () => {
        const whole = (await page(order, descending, undefined, 100)).map((row) => row.document);
        expect(whole.map((document) => document.idAtOrigin).toSorted()).toEqual(names.map((_, index) => `${index}`).toSorted());
        for (const count of [1, 2, 5, 12, 13]) expect(await readPages(order, descending, count)).toEqual(whole);
      });

      it("are sorted by that value, equal ones by id", async () => {
        const documents = await readPages(order, descending, 4);
        const keys = documents.map((document): [string | number, string] => {
          const value = { created_at: document.createdAt, updated_at: document.updatedAt, document_name: document.documentName }[
            order
          ];
          return [value instanceof Date ? value.getTime() : Buffer.from(value).toString("hex"), document.documentId];
        });
        const compare = (left: [string | number, string], right: [string | number, string]) =>
          left[0] === right[0] ? (left[1] < right[1] ? -1 : 1) : left[0] < right[0] ? -1 : 1;
        expect(keys).toEqual(descending ? keys.toSorted(compare).reverse() : keys.toSorted(compare));
      });

      it("are paged under a filter as well", async () => {
        const filter: DocumentFilter = { documentTypes: ["chat"], idsAtOrigin: ["0", "1", "2", "4", "6"] };
        const documents = await readPages(order, descending, 2, filter);
        expect(documents.map((document) => document.idAtOrigin).toSorted()).toEqual(["0", "2", "4", "6"]);
      });
    },
  );

  it("stay stable while documents are inserted before and after the position", async () => {
    const owner = newOwner();
    const list = (after: ListPosition | undefined) =>
      listDocuments(storage().database, {
        ownerId: owner,
        filter: {},
        order: "document_name",
        descending: false,
        after,
        count: 2,
      });
    await store(
      storage().database,
      ["b", "d", "f", "h"].map((documentName) => ({ ownerId: owner, documentName })),
    );
    const first = await list(undefined);
    await store(
      storage().database,
      ["a", "c", "e", "i"].map((documentName) => ({ ownerId: owner, documentName })),
    );
    const second = await list(first.at(-1)?.position);
    const third = await list(second.at(-1)?.position);
    expect([...first, ...second, ...third].map((row) => row.document.documentName)).toEqual(["b", "d", "e", "f", "h", "i"]);
  });

  it("compare times in microseconds, which dates of the service do not show", async () => {
    const owner = newOwner();
    const stored = await store(
      storage().database,
      ["a", "b", "c"].map((documentName) => ({ ownerId: owner, documentName })),
    );
    for (const [index, { document }] of stored.entries()) {
      await storage().database.query(
        "move",
        "update documents set created_at = timestamptz '2026-01-01 00:00:00.000001Z' + $3 * interval '1 microsecond' where owner_id = $1 and document_id = $2",
        [owner, document.documentId, 2 - index],
      );
    }
    const found: string[] = [];
    let after: ListPosition | undefined;
    for (let pages = 0; pages < 3; pages++) {
      const query = { ownerId: owner, filter: {}, order: "created_at" as const, descending: false, after, count: 1 };
      const [row] = await listDocuments(storage().database, query);
      found.push(row?.document.documentName ?? "none");
      after = row?.position;
    }
    expect(found).toEqual(["c", "b", "a"]);
  });
});

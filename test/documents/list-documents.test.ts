import { beforeAll, describe, expect, it } from "vitest";
import { type ListQuery, listDocuments } from "../../src/documents/list-documents.ts";
import { systemClock } from "../../src/domain/clock.ts";
import { InvalidInputError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, realPostgres, useStorage } from "../support/test-storage.ts";

const base: Omit<ListQuery, "ownerId"> = { filter: {}, order: "created_at", descending: true, pageSize: 2, pageToken: "" };

describe.each(testDatabases())("listing documents on $name", (kind) => {
  const storage = useStorage(kind);
  const ownerId = newOwner();

  beforeAll(() =>
    store(
      storage().database,
      ["a", "b", "c", "d", "e"].map((documentName) => ({ ownerId, documentName })),
    ),
  );

  function list(query: Partial<ListQuery>) {
    return listDocuments({ ...storage(), clock: systemClock }, { ...base, ownerId, ...query }, never);
  }

  it("follows tokens through all pages, and the last page has none", async () => {
    const names: string[] = [];
    let pageToken = "";
    do {
      const page = await list({ order: "document_name", descending: false, pageToken });
      names.push(...page.documents.map((document) => document.documentName));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(names).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("has no next page where the last one is just full", async () => {
    expect((await list({ pageSize: 5 })).nextPageToken).toBe("");
    expect((await list({ ownerId: newOwner() })).nextPageToken).toBe("");
  });

  it("may change the size of the pages on the way", async () => {
    const { nextPageToken } = await list({ pageSize: 1 });
    expect((await list({ pageSize: 500, pageToken: nextPageToken })).documents).toHaveLength(4);
  });

  it.each<{ what: string; change: Partial<ListQuery> }>([
    { what: "owner", change: { ownerId: newOwner() } },
    { what: "filter", change: { filter: { documentTypes: ["chat"] } } },
    { what: "order", change: { order: "updated_at" } },
    { what: "direction", change: { descending: false } },
  ])("refuses the token of a query with another $what", async ({ change }) => {
    const { nextPageToken } = await list({});
    const refused = list({ ...change, pageToken: nextPageToken });
    await expect(refused).rejects.toThrow(InvalidInputError);
    await expect(refused).rejects.toMatchObject({ violations: [{ field: "page_token", rule: "page_token.valid" }] });
  });

  it("refuses tokens that were made up", async () => {
    const { nextPageToken } = await list({});
    const [format, hash, value, id]: unknown[] = JSON.parse(Buffer.from(nextPageToken, "base64url").toString());
    const made = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString("base64url");
    expect(made(format, hash, value, id)).toBe(nextPageToken);
    for (const token of [
      "x",
      "e30",
      made(),
      made(2, hash, value, id),
      made(format, hash, value, "not a uuid"),
      made(format, hash, value, `${id}' or true --`),
      made(format, hash, "yesterday", id),
      made(format, hash, "infinity", id),
      made(format, hash, "2026-13-45 00:00:00+00", id),
      made(format, hash, "2026-02-30 00:00:00+00", id),
      made(format, hash, "2026-01-01 25:00:00+00", id),
      made(format, hash, "999999-01-01 00:00:00+00", id),
      made(format, hash, 7, id),
      made(format, hash, null, id),
      nextPageToken.slice(0, -3),
      "\0",
      "😀",
    ])
      await expect(list({ pageToken: token }), token).rejects.toThrow(InvalidInputError);
  });

  it("refuses a name in a token that no document can have", async () => {
    const { nextPageToken } = await list({ order: "document_name" });
    const [format, hash, , id]: unknown[] = JSON.parse(Buffer.from(nextPageToken, "base64url").toString());
    for (const name of ["\0", "\ud800"]) {
      const pageToken = Buffer.from(JSON.stringify([format, hash, name, id])).toString("base64url");
      await expect(list({ order: "document_name", pageToken })).rejects.toThrow(InvalidInputError);
    }
  });

  it("ends a page early where the next document would not fit one reply, and goes on with it", async () => {
    const heavy = newOwner();
    const metadata = { text: "x".repeat(60_000) };
    await store(
      storage().database,
      Array.from({ length: 80 }, () => ({ ownerId: heavy, metadata })),
    );
    let pageToken = "";
    const sizes: number[] = [];
    const ids = new Set<string>();
    do {
      const page = await list({ ownerId: heavy, pageSize: 500, pageToken });
      expect(Buffer.byteLength(JSON.stringify(page.documents))).toBeLessThan(limits.replyBytesMax);
      for (const document of page.documents) ids.add(document.documentId);
      sizes.push(page.documents.length);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(ids.size).toBe(80);
    expect(sizes.length).toBeGreaterThan(1);
  });
});

describe.skipIf(!hasRealPostgres())("listing documents of a real PostgreSQL with settings of its own", () => {
  const storage = useStorage(realPostgres);

  it("follows tokens whatever form dates have there", async () => {
    const { database, openAnotherPool } = storage();
    await database.query(
      "configure",
      "do $$ begin execute format('alter database %I set datestyle to ''German, DMY''', current_database()); end $$",
    );
    await database.query(
      "configure",
      "do $$ begin execute format('alter database %I set timezone to ''Asia/Kathmandu''', current_database()); end $$",
    );
    const configured = await openAnotherPool();
    try {
      const ownerId = newOwner();
      await store(
        configured,
        Array.from({ length: 3 }, () => ({ ownerId })),
        { now: new Date("2026-01-13T01:02:03.004Z") },
      );
      const first = await listDocuments({ database: configured, clock: systemClock }, { ...base, ownerId }, never);
      const second = await listDocuments(
        { database: configured, clock: systemClock },
        { ...base, ownerId, pageToken: first.nextPageToken },
        never,
      );
      expect([...first.documents, ...second.documents].map((document) => document.createdAt.toISOString())).toEqual([
        "2026-01-13T01:02:03.004Z",
        "2026-01-13T01:02:03.004Z",
        "2026-01-13T01:02:03.004Z",
      ]);
    } finally {
      await configured.close();
    }
  });
});

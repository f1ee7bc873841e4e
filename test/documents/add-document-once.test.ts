import { describe, expect, it } from "vitest";
import { addDocument } from "../../src/documents/add-document.ts";
import { addDocumentOnce } from "../../src/documents/add-document-once.ts";
import { deleteDocument } from "../../src/documents/delete-document.ts";
import type { NewDocument } from "../../src/domain/document.ts";
import { NotFoundError, PreconditionError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { deleteExpiredKeys } from "../../src/storage/idempotency-keys.ts";
import { testDatabases } from "../support/databases.ts";
import { longText, never, newDocument, useDocuments } from "../support/document-deps.ts";
import { newOwner } from "../support/test-storage.ts";

const hourMs = 60 * 60 * 1_000;

describe.each(testDatabases())("adding a document once on $name", (kind) => {
  const storage = useDocuments(kind);
  const started = new Date("2026-03-01T12:00:00Z");
  let now = started;
  const deps = () => ({ ...storage(), clock: { now: () => now } });

  it("gives a repeat the first outcome, also where the service made the key of the document", async () => {
    const ownerId = newOwner();
    const first = await once(withoutKey({ ownerId, content: longText }), "k");
    expect(first.outcome).toBe("created");
    const again = await once(withoutKey({ ownerId, content: longText }), "k");
    expect(again).toMatchObject({
      outcome: "created",
      document: first.document,
      chunksCreated: first.chunksCreated,
      chunksKept: 0,
      chunksRemoved: 0,
      degraded: [],
      embeddingsPending: first.chunksCreated,
    });
    expect(await countDocuments(ownerId)).toBe(1);
  });

  it("gives the first outcome of an update and of a document that was there, with the document as it is now", async () => {
    const document = newDocument();
    const add = (content: string, key: string) => once({ document: { ...document, content }, given: document.idAtOrigin }, key);
    await addDocument(deps(), { ...document, content: "one" }, "committed", never);
    expect(await add("one", "same")).toMatchObject({ outcome: "unchanged", document: { version: 1 } });
    expect(await add("two", "changed")).toMatchObject({ outcome: "updated", chunksRemoved: 1, document: { version: 2 } });
    expect(await add("three", "next")).toMatchObject({ outcome: "updated", document: { version: 3 } });
    expect(await add("one", "same")).toMatchObject({ outcome: "unchanged", document: { version: 3 } });
    expect(await add("two", "changed")).toMatchObject({ outcome: "updated", chunksRemoved: 1, document: { version: 3 } });
  });

  it.each<{ what: string; other: (first: Request) => Request }>([
    { what: "content", other: ({ document, given }) => ({ document: { ...document, content: "other" }, given }) },
    { what: "expiry", other: ({ document, given }) => ({ document: { ...document, expiresAt: new Date("2040-01-01") }, given }) },
    { what: "a key of the document", other: ({ document }) => ({ document, given: document.idAtOrigin }) },
  ])("refuses a request that differs in $what, and names the document of the first", async ({ other }) => {
    const request = withoutKey({ ownerId: newOwner() });
    const { document } = await once(request, "k");
    const refused = once(other(request), "k");
    await expect(refused).rejects.toThrow(PreconditionError);
    await expect(refused).rejects.toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
      details: { document_id: document.documentId },
    });
  });

  it("keeps the keys of owners apart", async () => {
    const results = [await once(withoutKey({ ownerId: newOwner() }), "k"), await once(withoutKey({ ownerId: newOwner() }), "k")];
    expect(results.map(({ outcome }) => outcome)).toEqual(["created", "created"]);
  });

  it("does not bring a document back that was deleted since", async () => {
    const ownerId = newOwner();
    const { document } = await once(withoutKey({ ownerId }), "k");
    await deleteDocument(deps(), { ownerId, documentId: document.documentId }, never);
    await expect(once(withoutKey({ ownerId }), "k")).rejects.toThrow(NotFoundError);
    expect(await countDocuments(ownerId)).toBe(0);
  });

  it("forgets a key after a day, swept or not", async () => {
    const ownerId = newOwner();
    const [first, sameDay] = [await once(withoutKey({ ownerId }), "k"), started.getTime() + limits.idempotencyKeyHours * hourMs];
    now = new Date(sameDay);
    expect((await once(withoutKey({ ownerId }), "k")).document).toEqual(first.document);
    now = new Date(sameDay + 1);
    const second = await once(withoutKey({ ownerId, content: "another request" }), "k");
    expect(second).toMatchObject({ outcome: "created" });
    expect((await once(withoutKey({ ownerId, content: "another request" }), "k")).document).toEqual(second.document);
    expect(await deleteExpiredKeys(storage().database, new Date(now.getTime() + 1))).toBeGreaterThan(0);
    expect(await once(withoutKey({ ownerId }), "k")).toMatchObject({ outcome: "created" });
    now = started;
  });

  it("makes one document of requests that meet", async () => {
    for (let trial = 0; trial < 10; trial++) {
      const ownerId = newOwner();
      const results = await Promise.all([1, 2, 3, 4].map(() => once(withoutKey({ ownerId }), "k")));
      expect(new Set(results.map(({ document }) => document.documentId)).size).toBe(1);
      expect(results.map(({ outcome }) => outcome)).toEqual(["created", "created", "created", "created"]);
      expect(await countDocuments(ownerId)).toBe(1);
    }
  });

  it("of different requests that meet under one key, does one and refuses the others", async () => {
    const ownerId = newOwner();
    const contents = ["one", "two", "three"];
    const settled = await Promise.allSettled(contents.map((content) => once(withoutKey({ ownerId, content }), "k")));
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of settled)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
    expect(await countDocuments(ownerId)).toBe(1);
  });

  interface Request {
    readonly document: NewDocument;
    readonly given: string;
  }

  /** As a request without id_at_origin is decoded: each time with another one. */
  function withoutKey(given: Partial<NewDocument>): Request {
    return { document: newDocument(given), given: "" };
  }

  function once({ document, given }: Request, idempotencyKey: string) {
    return addDocumentOnce(deps(), { document, idempotencyKey, givenIdAtOrigin: given, waitUntil: "committed" }, never);
  }

  async function countDocuments(ownerId: string): Promise<number> {
    const { rowCount } = await storage().database.query("count", "select 1 from documents where owner_id = $1", [ownerId]);
    return rowCount;
  }
});

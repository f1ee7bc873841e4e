import { describe, expect, it, onTestFinished, vi } from "vitest";
import { addBatch } from "../../src/documents/add-batch.ts";
import { addDocument } from "../../src/documents/add-document.ts";
import type { RepeatableAdd } from "../../src/documents/add-document-once.ts";
import type { NewDocument } from "../../src/domain/document.ts";
import { DependencyUnavailableError, InvalidInputError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { embedWaiting, newOwner } from "../support/test-storage.ts";

describe.each(testDatabases())("adding a batch on $name", (kind) => {
  const deps = useDocuments(kind);

  it("stores documents of several owners in few transactions, and answers for each in order", async () => {
    const owners = [newOwner(), newOwner()];
    const adds = Array.from({ length: 2 * limits.streamBatchItemsMax }, (_, index) => add({ ownerId: owners[index % 2] ?? "" }));
    const transactions = vi.spyOn(deps().database, "transaction");
    onTestFinished(() => transactions.mockRestore());
    const results = await addBatch(deps(), adds, never);
    expect(transactions).toHaveBeenCalledTimes(2);
    expect(results.map(({ outcome }) => outcome)).toMatchObject(
      adds.map(({ document: { ownerId, idAtOrigin } }) => ({
        status: "fulfilled",
        value: { outcome: "created", document: { ownerId, idAtOrigin }, embeddingsPending: 1 },
      })),
    );
    for (const ownerId of owners) expect(await contents(ownerId)).toHaveLength(limits.streamBatchItemsMax);
  });

  it("lets the last of several documents with one key win, also over what is stored", async () => {
    const document = newDocument({ content: "first" });
    await addDocument(deps(), document, "committed", never);
    const rounds = ["second", "third", "first"].map((content) => add({ ...document, content }));
    const results = await addBatch(deps(), rounds, never);
    expect(results.map(({ outcome }) => outcome)).toMatchObject(
      rounds.map((_, index) => ({ value: { outcome: "updated", document: { version: index + 2 } } })),
    );
    expect(await contents(document.ownerId)).toEqual(["first"]);
  });

  it("refuses the one document that cannot be prepared, and the one that cannot be written, and stores the others", async () => {
    const { database } = deps();
    const ownerId = newOwner();
    const texts = ["a", "b", "poison", "d", "e", "f", "g"];
    const adds = texts.map((content) => add({ ownerId, content, ...(content === "f" && { expiresAt: new Date(0) }) }));
    await database.query("poison", "alter table document_contents add constraint poison check (content <> 'poison')");
    try {
      const results = await addBatch(deps(), adds, never);
      expect(results.map(({ outcome }) => outcome.status === "fulfilled")).toEqual(texts.map((text) => !/poison|f/.test(text)));
      expect(results[5]?.outcome).toMatchObject({ reason: expect.any(InvalidInputError) });
      expect(await contents(ownerId)).toEqual(["a", "b", "d", "e", "g"]);
    } finally {
      await database.query("antidote", "alter table document_contents drop constraint poison");
    }
  });

  it("says of every document of a group that the database is down, after one try", async () => {
    const { database } = deps();
    const down = { ...deps(), database: { ...database, query: database.query.bind(database), transaction: vi.fn(refuse) } };
    const results = await addBatch(down, [add({}), add({}), add({})], never);
    expect(results.map(({ outcome }) => outcome)).toMatchObject(
      Array.from(results, () => ({ reason: expect.any(DependencyUnavailableError) })),
    );
    expect(results).toHaveLength(3);
    expect(down.database.transaction).toHaveBeenCalledTimes(1);
  });

  it("adds a document with an idempotency key once, where batches are repeated with others around it", async () => {
    const ownerId = newOwner();
    const keyed = { ...add({ ownerId, content: "once" }), idempotencyKey: "k" };
    const first = await addBatch(deps(), [add({ ownerId, content: "before" }), keyed, add({ ownerId, content: "after" })], never);
    await embedWaiting(deps());
    const second = await addBatch(deps(), [add({ ownerId, content: "another" }), keyed], never);
    const [added, repeated] = [first, second].map((results) => results[1]?.outcome);
    expect(added).toMatchObject({ value: { outcome: "created", document: { version: 1 }, embeddingsPending: 1 } });
    expect(repeated).toEqual({
      status: "fulfilled",
      value: expect.objectContaining({ outcome: "created", embeddingsPending: 0 }),
    });
    expect(await contents(ownerId)).toEqual(["after", "another", "before", "once"]);
  });

  it("waits for those that are to be searchable once all are stored, and tells how long each took", async () => {
    const ownerId = newOwner();
    const adds = [add({ ownerId }, "searchable"), { ...add({ ownerId }), idempotencyKey: "k" }, add({ ownerId })];
    const adding = addBatch(deps(), adds, never);
    await vi.waitFor(async () => expect(await contents(ownerId)).toHaveLength(3));
    await embedWaiting(deps());
    const results = await adding;
    expect(results.map(({ outcome }) => outcome)).toMatchObject([
      { value: { embeddingsPending: 0 } },
      { value: { embeddingsPending: 1 } },
      { value: { embeddingsPending: 1 } },
    ]);
    const [first = 0, , last = 0] = results.map(({ elapsedMs }) => elapsedMs);
    expect(first).toBeGreaterThan(last);
  });

  it("ends with the signal, and leaves what was stored by then", async () => {
    const ownerId = newOwner();
    const controller = new AbortController();
    const adding = addBatch(deps(), [add({ ownerId }, "searchable")], controller.signal);
    await vi.waitFor(async () => expect(await contents(ownerId)).toHaveLength(1));
    controller.abort();
    await expect(adding).rejects.toThrow();
    expect(await contents(ownerId)).toHaveLength(1);
  });

  /** The texts of an owner's documents, in the order of the alphabet. */
  async function contents(ownerId: string): Promise<string[]> {
    const { rows } = await deps().database.query<{ content: string }>(
      "read_contents",
      "select content from document_contents where owner_id = $1 order by content",
      [ownerId],
    );
    return rows.map(({ content }) => content);
  }
});

function add(given: Partial<NewDocument>, waitUntil: RepeatableAdd["waitUntil"] = "committed"): RepeatableAdd {
  const document = newDocument(given);
  return { document, idempotencyKey: "", givenIdAtOrigin: document.idAtOrigin, waitUntil };
}

async function refuse(): Promise<never> {
  throw new DependencyUnavailableError("database", "the database is down");
}

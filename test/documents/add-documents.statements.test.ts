import pg from "pg";
import { afterEach, describe, expect, it, vi } from "vitest";
import { addDocument } from "../../src/documents/add-document.ts";
import { addDocumentOnce } from "../../src/documents/add-document-once.ts";
import type { NewDocument } from "../../src/domain/document.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { embedWaiting } from "../support/test-storage.ts";

const statementsMax = 10;

/**
 * What a connection is told when it is opened and every few seconds, what a process asks once a second (how long the embedding queue is),
 * and how it has grown tables analyzed.
 */
const isOfNoAdd =
  /^set search_path|^discard plans$|^select count\(\*\)::integer as waiting\s+from \(|^\s*select string_agg\(.* as tables\s+from pg_class|^analyze /;

describe.each(testDatabases())("an add on the wire of $name", (kind) => {
  const storage = useDocuments(kind);
  let now = new Date("2026-03-01T12:00:00Z");
  const deps = () => ({ ...storage(), clock: { now: () => now } });
  afterEach(() => vi.restoreAllMocks());

  it.each([1, 400])("takes at most ten statements for %i paragraphs, created, updated or there already", async (paragraphs) => {
    const document = newDocument({ documentType: "markdown", content: textOf(paragraphs, "first") });
    const created = await counted(() => addDocument(deps(), document, "committed", never));
    expect(created).toMatchObject({ outcome: "created", statements: 7 });
    await embedWaiting(storage());
    // The beginning moves everything, every fifth paragraph is another, and the end is gone: every kind of change at once.
    const content = `An introduction.\n\n${textOf(Math.ceil(paragraphs * 0.9), "second")}`;
    const updated = await counted(() => addDocument(deps(), { ...document, content, metadata: { a: 1 } }, "committed", never));
    expect(updated.outcome).toBe("updated");
    if (paragraphs > 1) expect(Math.min(updated.chunksCreated, updated.chunksKept, updated.chunksRemoved)).toBeGreaterThan(0);
    expect(updated.embeddingsPending).toBe(updated.chunksCreated);
    expect(updated.statements).toBeLessThanOrEqual(statementsMax);
    const unchanged = await counted(() => addDocument(deps(), { ...document, content, metadata: { a: 1 } }, "committed", never));
    expect(unchanged).toMatchObject({ outcome: "unchanged", statements: 2 });
  });

  it("takes at most ten for a document of which only the expiry changes, and for one in the place of one that has expired", async () => {
    const expiresAt = new Date("2026-03-02");
    const document = newDocument({ documentType: "markdown", content: textOf(50, "first") });
    const { document: first } = await addDocument(deps(), document, "committed", never);
    const renewed = await counted(() => addDocument(deps(), { ...document, expiresAt }, "committed", never));
    expect(renewed).toMatchObject({ outcome: "updated", chunksCreated: 0, chunksRemoved: 0 });
    expect(renewed.statements).toBeLessThanOrEqual(statementsMax);
    now = expiresAt;
    const replaced = await counted(() => addDocument(deps(), document, "committed", never));
    expect(replaced).toMatchObject({ outcome: "created", document: { version: 1 } });
    expect(replaced.document.documentId).not.toBe(first.documentId);
    expect(replaced.statements).toBeLessThanOrEqual(statementsMax);
  });

  it("takes two more with an idempotency key, and one look where the request is repeated", async () => {
    const document = newDocument();
    const add = (changes: Partial<NewDocument>) => ({
      document: { ...document, ...changes },
      idempotencyKey: JSON.stringify(changes),
      givenIdAtOrigin: document.idAtOrigin,
      waitUntil: "committed" as const,
    });
    const plain = await counted(() => addDocument(deps(), newDocument(), "committed", never));
    const created = await counted(() => addDocumentOnce(deps(), add({}), never));
    expect(created.statements).toBe(plain.statements + 2);
    // The key, the document and its jobs.
    expect(await counted(() => addDocumentOnce(deps(), add({}), never))).toMatchObject({ outcome: "created", statements: 3 });
  });

  /** Runs work and counts what the driver sends meanwhile, begin and commit included. */
  async function counted<T extends object>(work: () => Promise<T>): Promise<T & { statements: number }> {
    const query = vi.spyOn(pg.Client.prototype, "query");
    const result = await work();
    const sent = query.mock.calls.map(([statement]: [unknown, ...unknown[]]) =>
      typeof statement === "string" ? statement : String((statement as pg.QueryConfig).text),
    );
    const statements = sent.filter((text) => !isOfNoAdd.test(text)).length;
    query.mockRestore();
    return { ...result, statements };
  }
});

/** Paragraphs with headings; every fifth depends on the round. */
function textOf(paragraphs: number, round: string): string {
  const words = "tells of the river, the mill and the bridges that cross it in the old town. ".repeat(4);
  return Array.from({ length: paragraphs }, (_, index) => `## Part ${index}\n\nIt ${index % 5 === 0 ? round : ""} ${words}`).join(
    "\n\n",
  );
}

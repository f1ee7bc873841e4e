import { describe, expect, it, vi } from "vitest";
import { addDocument } from "../../src/documents/add-document.ts";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { CancelledError, InvalidInputError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { findDocument, readChunks, readContent } from "../../src/storage/read-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { longText, never, newDocument, useDocuments } from "../support/document-deps.ts";
import { embedWaiting, newOwner } from "../support/test-storage.ts";

describe.each(testDatabases())("adding documents on $name", (kind) => {
  const deps = useDocuments(kind);

  it("stores the text as it came, with chunks cut exactly from it and parents around them", async () => {
    const content = `\u{1f388} Ａ ﬁ e\u0301 ${longText}`;
    const [result] = await addDocuments(deps(), [newDocument({ content })], never);
    if (!result) throw new Error("nothing was added");
    expect(await readContent(deps().database, result.document)).toBe(content);
    const chunks = await readChunks(deps().database, result.document, { embeddingsOf: undefined });
    const characters = [...content];
    const [leaves, parents] = [0, 1].map((level) => chunks.filter((chunk) => chunk.level === level));
    expect(leaves?.length).toBe(result.document.chunkCount);
    expect(leaves?.length).toBeGreaterThan(1);
    for (const leaf of leaves ?? []) expect(leaf.content).toBe(characters.slice(leaf.charStart, leaf.charEnd).join(""));
    for (const leaf of leaves ?? []) {
      const parent = parents?.find((candidate) => candidate.chunkId === leaf.parentChunkId);
      if (parent) expect([parent.charStart <= leaf.charStart, parent.charEnd >= leaf.charEnd]).toEqual([true, true]);
    }
    expect(result.document.language).toBe("en");
  });

  it("restores a text across the boundary of segments, astral characters included", async () => {
    const units = Math.floor(limits.contentSegmentBytesMax / 3);
    const content = `${"a ".repeat(units / 2).slice(0, units - 1)}😀${"é ".repeat(units)}`;
    const [result] = await addDocuments(deps(), [newDocument({ content })], never);
    if (!result) throw new Error("nothing was added");
    expect(await readContent(deps().database, result.document)).toBe(content);
    expect(result.document.sizeBytes).toBe(Buffer.byteLength(content));
  });

  it("costs one look and no write for a document that is stored already, just so", async () => {
    const document = newDocument({ metadata: { a: 1, b: 2 } });
    const [first] = await addDocuments(deps(), [document], never);
    const transaction = vi.spyOn(deps().database, "transaction");
    const enqueued = vi.spyOn(deps().jobsEnqueued, "notify");
    try {
      const [again] = await addDocuments(deps(), [{ ...document, metadata: { b: 2, a: 1 } }], never);
      const unknown = { embeddingsPending: undefined };
      expect(again).toEqual({ ...first, ...unknown, outcome: "unchanged", chunksCreated: 0, chunksKept: 1 });
      expect(transaction).not.toHaveBeenCalled();
      expect(enqueued).not.toHaveBeenCalled();
    } finally {
      transaction.mockRestore();
      enqueued.mockRestore();
    }
  });

  it("keeps the results in order and tells those that work off jobs once", async () => {
    const ownerId = newOwner();
    const [a, b, c] = ["a", "b", "c"].map((idAtOrigin) => newDocument({ ownerId, idAtOrigin, content: `text ${idAtOrigin}` }));
    if (!a || !b || !c) throw new Error("three documents");
    await addDocuments(deps(), [a, b], never);
    const enqueued = vi.spyOn(deps().jobsEnqueued, "notify");
    const results = await addDocuments(deps(), [c, a, { ...b, content: "changed" }], never);
    expect(results.map(({ document, outcome }) => [document.idAtOrigin, outcome])).toEqual([
      ["c", "created"],
      ["a", "unchanged"],
      ["b", "updated"],
    ]);
    expect(enqueued).toHaveBeenCalledOnce();
    enqueued.mockRestore();
  });

  it("stores a change of facts alone without a new chunk", async () => {
    const document = newDocument({ content: longText });
    const [first] = await addDocuments(deps(), [document], never);
    const [second] = await addDocuments(
      deps(),
      [{ ...document, metadata: { moved: true }, documentDate: new Date("2026-01-01") }],
      never,
    );
    expect(second).toMatchObject({
      outcome: "updated",
      chunksCreated: 0,
      chunksKept: first?.chunksCreated,
      chunksRemoved: 0,
      document: { version: 2, metadata: { moved: true }, documentDate: new Date("2026-01-01") },
    });
  });

  it("stores nothing if what is to be committed with it refuses", async () => {
    const document = newDocument();
    const refusing = addDocuments(deps(), [document], never, async () => {
      throw new Error("refused");
    });
    await expect(refusing).rejects.toThrow("refused");
    expect(await findDocument(deps().database, document, new Date())).toBeUndefined();
  });

  it("refuses a text of more chunks than a document may have, and stores nothing", async () => {
    const document = newDocument();
    const chunk = {
      level: 0,
      index: 0,
      parentIndex: undefined,
      charStart: 0,
      charEnd: 1,
      utf16Start: 0,
      utf16End: 1,
      tokenCount: 1,
      metadata: {},
    } as const;
    const chunks = new Array<typeof chunk>(limits.documentChunksMax + 1).fill(chunk);
    const chunker = { ...deps().chunker, chunk: async () => ({ chunks, language: "en" }) };
    const adding = addDocuments({ ...deps(), chunker }, [document], never);
    await expect(adding).rejects.toThrow(InvalidInputError);
    await expect(adding).rejects.toMatchObject({ violations: [{ field: "content", rule: "content.chunks" }] });
    expect(await findDocument(deps().database, document, new Date())).toBeUndefined();
  });

  it("stores nothing for a caller that has gone away", async () => {
    const document = newDocument();
    await expect(addDocuments(deps(), [document], AbortSignal.abort())).rejects.toThrow(CancelledError);
    expect(await findDocument(deps().database, document, new Date())).toBeUndefined();
  });

  it("counts what it stored by owner and type, and not what was there already", async () => {
    const document = newDocument({ documentType: "markdown" });
    await addDocuments(deps(), [document], never);
    await addDocuments(deps(), [document], never);
    const label = deps().metrics.owners.label(document.ownerId);
    expect(await deps().metrics.registry.metrics()).toContain(
      `memory_documents_total{owner_id="${label}",document_type="markdown"} 1`,
    );
  });

  it("says how many chunks vector search does not find yet", async () => {
    const document = newDocument({ content: longText });
    const created = await addDocument(deps(), document, "committed", never);
    expect(created.embeddingsPending).toBe(created.chunksCreated);
    await embedWaiting(deps());
    expect(await addDocument(deps(), document, "committed", never)).toMatchObject({ outcome: "unchanged", embeddingsPending: 0 });
    const changed = await addDocument(
      deps(),
      { ...document, content: `${longText} A new end, with words of its own.` },
      "committed",
      never,
    );
    expect(changed.embeddingsPending).toBe(changed.chunksCreated);
    expect(changed.chunksKept).toBeGreaterThan(0);
  });
});

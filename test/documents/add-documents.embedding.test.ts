import { describe, expect, it } from "vitest";
import { addDocument } from "../../src/documents/add-document.ts";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { getDocument } from "../../src/documents/get-document.ts";
import type { NewDocument } from "../../src/domain/document.ts";
import { InvalidInputError } from "../../src/domain/errors.ts";
import { OwnerNotices } from "../../src/domain/owner-notices.ts";
import { testDatabases } from "../support/databases.ts";
import { longText, never, newDocument, useDocuments } from "../support/document-deps.ts";
import { dimension, hashingModel } from "../support/test-storage.ts";

/** So many vectors, all different and none of unit length. */
function vectors(count: number, first = 1): Float32Array[] {
  return Array.from({ length: count }, (_, index) => new Float32Array(dimension).fill(first + index, index % dimension));
}

const embeddingOf = (given: readonly Float32Array[]) => ({ modelId: hashingModel.modelId, vectors: given });

describe.each(testDatabases())("adding documents with vectors on $name", (kind) => {
  const deps = useDocuments(kind);
  const leavesOf = async (document: NewDocument) => {
    const { chunks } = await getDocument(deps(), document, { chunks: true, content: false, embeddings: true }, never);
    return chunks.filter((chunk) => chunk.level === 0);
  };

  it("stores one of unit length for each leaf in order, and nothing waits for an embedder", async () => {
    const document = newDocument({ content: longText, chunking: { chunkTokens: 100 } });
    const { document: plain } = await addDocument(deps(), document, "committed", never);
    const given = vectors(plain.chunkCount);
    const added = await addDocument(deps(), { ...document, embedding: embeddingOf(given) }, "searchable", never);
    expect(added).toMatchObject({ outcome: "updated", chunksCreated: 0, chunksKept: plain.chunkCount, embeddingsPending: 0 });
    const created = { ...document, idAtOrigin: "another key", embedding: embeddingOf(given) };
    expect(await addDocument(deps(), created, "committed", never)).toMatchObject({ outcome: "created", embeddingsPending: 0 });
    for (const stored of [await leavesOf(document), await leavesOf(created)])
      for (const [index, leaf] of stored.entries()) {
        const length = Math.hypot(...(given[index] ?? []));
        const expected = [...(given[index] ?? [])].map((value) => value / length);
        expect(leaf.embedding).toHaveLength(dimension);
        for (const [component, value] of (leaf.embedding ?? []).entries())
          expect(value).toBeCloseTo(expected[component] ?? Number.NaN, 3);
      }
  });

  it("takes the same document with the same vectors as unchanged, and with others as updated", async () => {
    const document = newDocument({ embedding: embeddingOf(vectors(1)) });
    const outcomes: string[] = [];
    for (const first of [1, 1, 2, 2]) {
      const [result] = await addDocuments(deps(), [{ ...document, embedding: embeddingOf(vectors(1, -first)) }], never);
      outcomes.push(`${result?.outcome} ${result?.document.version}`);
    }
    expect(outcomes).toEqual(["created 1", "unchanged 1", "updated 2", "unchanged 2"]);
  });

  it("refuses vectors that do not fit the text, and stores nothing", async () => {
    const document = newDocument({ embedding: embeddingOf(vectors(2)) });
    const error = await addDocuments(deps(), [document], never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error).toMatchObject({ violations: [{ field: "embedding.vectors", rule: "embedding.leaves" }] });
    await expect(leavesOf(document)).rejects.toThrow("was not found");
  });

  it("tells whoever keeps the approximate index which owners have new vectors, after the commit", async () => {
    const told: { ownerId: string; leaves: number }[] = [];
    const vectorsGiven = new OwnerNotices();
    const document = newDocument({ embedding: embeddingOf(vectors(1)) });
    const seen: Promise<unknown>[] = [];
    vectorsGiven.listen((ownerIds) => {
      for (const ownerId of ownerIds)
        seen.push(leavesOf(document).then((leaves) => told.push({ ownerId, leaves: leaves.length })));
    });
    await addDocuments({ ...deps(), vectorsGiven }, [document, newDocument()], never);
    await addDocuments({ ...deps(), vectorsGiven }, [document], never);
    await Promise.all(seen);
    expect(told).toEqual([{ ownerId: document.ownerId, leaves: 1 }]);
  });
});

import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { Outcome } from "#gen/llmemory/v1/memory_service_pb.js";
import { Degradation, SearchType } from "#gen/llmemory/v1/search_service_pb.js";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { errorOf, statusFacts } from "../support/call-error.ts";
import { testDatabases } from "../support/databases.ts";
import { packVectors } from "../support/pack-vectors.ts";
import { useService } from "../support/use-service.ts";
import { IngestClient } from "./ingest-client.ts";

const dimension = 384;
const model = `hashing/${dimension}`;

/** The vectors that the service itself would make of these texts, twice as long. */
function embeddingOf(...texts: readonly string[]) {
  const vectors = texts.map((text) => ({ values: [...embedHashedWords(text, dimension)].map((value) => 2 * value) }));
  return { model, vectors };
}

/** The same in one piece. */
function packedEmbeddingOf(...texts: readonly string[]) {
  return { model, packedVectors: packVectors(embeddingOf(...texts).vectors.map(({ values }) => Float32Array.from(values))) };
}

/** Nothing but the client embeds here. */
describe.each(testDatabases())("vectors of the client's own on $name", (kind) => {
  const running = useService(kind, { LLMEMORY_EMBED_IN_SERVE: "false" });
  const vectorSearch = (ownerId: string, queryText: string) =>
    running().search.search({ ownerId, queryText, searchType: SearchType.VECTOR });

  test("are searched as soon as the add is answered, whatever the text says", async () => {
    const { memory } = running();
    const ownerId = newOwner();
    const added = await memory.addDocument({ ownerId, content: "Grace likes coffee.", embedding: embeddingOf("green tea") });
    expect(added).toMatchObject({ outcome: Outcome.CREATED, embeddingsPending: 0 });
    const { results, receipt } = await vectorSearch(ownerId, "green tea");
    expect(results).toMatchObject([{ content: "Grace likes coffee." }]);
    expect(results[0]?.similarity).toBeCloseTo(1, 2);
    expect(receipt?.degraded).not.toContain(Degradation.EMBEDDINGS_PENDING);
    const again = { ownerId, idAtOrigin: added.document?.idAtOrigin ?? "", content: "Grace likes coffee." };
    expect(await memory.addDocument({ ...again, embedding: embeddingOf("green tea") })).toMatchObject({
      outcome: Outcome.UNCHANGED,
    });
    expect(await memory.addDocument({ ...again, embedding: embeddingOf("milk") })).toMatchObject({
      outcome: Outcome.UPDATED,
      chunksKept: 1,
    });
    expect((await vectorSearch(ownerId, "milk")).results[0]?.similarity).toBeCloseTo(1, 2);
  });

  test("come one per leaf: the leaves are read with GetChunks, embedded and added with their vectors", async () => {
    const { memory } = running();
    const ownerId = newOwner();
    const content = Array.from({ length: 200 }, (_, index) => `Sentence ${index} tells of river ${index % 9}.`).join(" ");
    const document = { ownerId, idAtOrigin: "river", content, chunking: { chunkTokens: 60 } };
    const { embeddingsPending } = await memory.addDocument(document);
    const leaves = await memory.getChunks({ ownerId, key: { case: "idAtOrigin", value: "river" }, pageSize: 500 });
    const texts = leaves.chunks.map(({ chunk }) => chunk?.content ?? "");
    expect(texts.length).toBe(embeddingsPending);
    const added = await memory.addDocument({ ...document, embedding: embeddingOf(...texts) });
    expect(added).toMatchObject({ outcome: Outcome.UPDATED, chunksKept: texts.length, embeddingsPending: 0 });
    const { results } = await vectorSearch(ownerId, texts[2] ?? "");
    expect(results[0]).toMatchObject({ chunkIndex: 2 });
  });

  test("may come packed, which changes nothing else", async () => {
    const { memory } = running();
    const document = { ownerId: newOwner(), idAtOrigin: "tea", content: "Grace likes coffee." };
    const added = await memory.addDocument({ ...document, embedding: packedEmbeddingOf("green tea") });
    expect(added).toMatchObject({ outcome: Outcome.CREATED, embeddingsPending: 0 });
    expect((await vectorSearch(document.ownerId, "green tea")).results[0]?.similarity).toBeCloseTo(1, 2);
    expect(await memory.addDocument({ ...document, embedding: embeddingOf("green tea") })).toMatchObject({
      outcome: Outcome.UNCHANGED,
    });
  });

  test.each([
    ["another model", { model: "local/e5-small-v2", vectors: [{ values: [1] }] }, "embedding.model"],
    ["too many", embeddingOf("a", "b"), "embedding.vectors"],
    ["another dimension", { model, vectors: [{ values: [1, 2, 3] }] }, "embedding.vectors[0].values"],
    ["no number", { model, vectors: [{ values: Array(dimension).fill(Number.NaN) }] }, "embedding.vectors[0].values"],
    ["zeros", { model, vectors: [{ values: Array(dimension).fill(0) }] }, "embedding.vectors[0].values"],
    ["none", { model, vectors: [] }, "embedding"],
    ["packed and not", { ...embeddingOf("a"), ...packedEmbeddingOf("a") }, "embedding"],
    ["too few bytes", { model, packedVectors: new Uint8Array(4 * dimension - 1) }, "embedding.packed_vectors"],
    ["no model", { ...embeddingOf("a"), model: "" }, "embedding.model"],
  ])("are refused if they are of %s, and nothing is stored", async (_name, embedding, field) => {
    const { memory } = running();
    const ownerId = newOwner();
    const error = await errorOf(memory.addDocument({ ownerId, content: "tea", embedding }));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", fields: [field] });
    expect((await memory.listDocuments({ ownerId })).documents).toEqual([]);
  });

  test("come with the documents of a batch and of a stream, where a bad one fails alone", async () => {
    const { memory } = running();
    const ownerId = newOwner();
    const documents = ["tea", "coffee", "milk"].map((content, index) => ({
      ownerId,
      idAtOrigin: content,
      content,
      embedding: index === 1 ? embeddingOf("too", "many") : embeddingOf(`batch ${content}`),
    }));
    const batch = await memory.batchAddDocuments({ documents });
    expect(batch.results.map(({ result }) => result.case)).toEqual(["response", "error", "response"]);
    const stream = new IngestClient(memory);
    stream.open({ ownerId, streamId: "vectors" });
    for (const [index, document] of documents.entries())
      stream.item(BigInt(index + 1), { ...document, idAtOrigin: `stream/${document.content}` });
    const failures = await stream.durableUpTo(3n);
    expect(await stream.end()).toBeUndefined();
    expect(failures.map(({ sequence, error }) => [sequence, statusFacts(error).fields])).toEqual([[2n, ["embedding.vectors"]]]);
    const { results } = await vectorSearch(ownerId, "batch milk");
    expect(
      results
        .slice(0, 2)
        .map(({ idAtOrigin }) => idAtOrigin)
        .toSorted(),
    ).toEqual(["milk", "stream/milk"]);
  });

  test("of a document of a thousand leaves are stored with one add", async () => {
    const { memory } = running();
    const ownerId = newOwner();
    const lines = Array.from({ length: 1_000 }, (_, index) => `[10:00] Ada: message ${index}`);
    const added = await memory.addDocument({
      ownerId,
      documentType: DocumentType.CHAT,
      content: lines.join("\n"),
      embedding: embeddingOf(...lines.map((_, index) => `number${index}`)),
    });
    expect(added).toMatchObject({ chunksCreated: 1_000, embeddingsPending: 0 });
    expect((await vectorSearch(ownerId, "number777")).results[0]).toMatchObject({ chunkIndex: 777 });
  });
});

function newOwner(): string {
  return `owner-${randomUUID()}`;
}

import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { deleteDocument } from "../../src/documents/delete-document.ts";
import { type ChunkPage, type ChunkQuery, getChunks } from "../../src/documents/get-chunks.ts";
import { getDocument } from "../../src/documents/get-document.ts";
import { ConflictError, InvalidInputError, NotFoundError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { testDatabases } from "../support/databases.ts";
import { longText, never, newDocument, useDocuments } from "../support/document-deps.ts";
import { dimension, embedWaiting, newOwner } from "../support/test-storage.ts";

const smallChunks = { strategy: "hierarchical", chunkTokens: 50 } as const;

describe.each(testDatabases())("getting chunks on $name", (kind) => {
  const deps = useDocuments(kind);

  /** A document with many leaves under several parents, as GetDocument gives it. */
  async function added(given: Parameters<typeof newDocument>[0] = {}) {
    const document = newDocument({ content: longText, chunking: smallChunks, ...given });
    await addDocuments(deps(), [document], never);
    const { chunks } = await getDocument(deps(), document, { chunks: true, content: false, embeddings: false }, never);
    const leaves = chunks.filter((chunk) => chunk.level === 0);
    const parents = chunks.filter((chunk) => chunk.level === 1);
    return { document, leaves, parents };
  }

  function queryOf(ownerId: string, selection: ChunkQuery["selection"], given: Partial<ChunkQuery> = {}): ChunkQuery {
    return { ownerId, selection, window: 0, parents: false, embeddings: false, pageSize: 50, pageToken: "", ...given };
  }

  async function allPages(query: ChunkQuery): Promise<ChunkPage[]> {
    const pages = [await getChunks(deps(), query, never)];
    for (let token = pages[0]?.nextPageToken ?? ""; token !== ""; token = pages.at(-1)?.nextPageToken ?? "")
      pages.push(await getChunks(deps(), { ...query, pageToken: token }, never));
    return pages;
  }

  const wholeOf = (document: { ownerId: string; idAtOrigin: string }) =>
    ({ key: document, indexStart: 0, indexEnd: undefined }) as const;

  it("gives the leaves of a document page by page, each once and in order, as GetDocument has them", async () => {
    const { document, leaves } = await added();
    const pages = await allPages(queryOf(document.ownerId, wholeOf(document), { pageSize: 7 }));
    expect(pages.map((page) => page.chunks.length).slice(0, -1)).toEqual(pages.slice(1).map(() => 7));
    expect(pages.flatMap((page) => page.chunks.map(({ chunk }) => chunk))).toEqual(leaves);
  });

  it.each([
    [3, 9],
    [5, undefined],
    [0, 10_000],
    [10_000, undefined],
    [4, 4],
  ])("gives those from index %i to before %s", async (indexStart, indexEnd) => {
    const { document, leaves } = await added();
    const pages = await allPages(queryOf(document.ownerId, { key: document, indexStart, indexEnd }, { pageSize: 4 }));
    const indexes = pages.flatMap((page) => page.chunks.map(({ chunk }) => chunk.index));
    expect(indexes).toEqual(leaves.map((leaf) => leaf.index).slice(indexStart, indexEnd));
  });

  it("gives chunks by their ids in the order asked for, each once, leaves and parents, and names those that are missing", async () => {
    const { document, leaves, parents } = await added();
    const foreign = (await added()).leaves[0]?.chunkId ?? "";
    const [leaf, parent, missing] = [leaves[4]?.chunkId ?? "", parents[1]?.chunkId ?? "", randomUUID()];
    const chunkIds = [parent, missing, leaf.toUpperCase(), foreign, leaf, leaves[0]?.chunkId ?? ""];
    const expected = [parent, leaf, leaves[0]?.chunkId];
    for (const pageSize of [50, 2, 1]) {
      const pages = await allPages(queryOf(document.ownerId, { chunkIds }, { pageSize }));
      expect(pages.flatMap((page) => page.chunks.map(({ chunk }) => chunk.chunkId))).toEqual(expected);
      expect(pages.flatMap((page) => page.missingChunkIds)).toEqual([missing, foreign]);
    }
    const { chunks } = await getChunks(deps(), queryOf(document.ownerId, { chunkIds: [parent] }), never);
    expect(chunks[0]?.chunk.content).toBe(parents[1]?.content);
  });

  it("gives each leaf its neighbours on both sides and its parent; a parent has neither", async () => {
    const { document, leaves, parents } = await added();
    const other = await added({ ownerId: document.ownerId });
    const chunkIds = [leaves[0], leaves[5], other.leaves.at(-1), parents[0]].map((chunk) => chunk?.chunkId ?? "");
    const query = queryOf(document.ownerId, { chunkIds }, { window: 2, parents: true });
    const { chunks } = await getChunks(deps(), query, never);
    const neighborsOf = (index: number) => chunks[index]?.neighbors.map((neighbor) => neighbor.chunkId);
    const ids = (expected: typeof leaves) => expected.map((leaf) => leaf.chunkId);
    expect(neighborsOf(0)).toEqual(ids(leaves.slice(1, 3)));
    expect(neighborsOf(1)).toEqual(ids([...leaves.slice(3, 5), ...leaves.slice(6, 8)]));
    expect(neighborsOf(2)).toEqual(ids(other.leaves.slice(-3, -1)));
    expect(chunks[3]).toMatchObject({ parent: undefined, neighbors: [] });
    for (const { chunk, parent } of chunks.slice(0, 3)) {
      const all = [...parents, ...other.parents];
      expect(parent?.content).toBe(all.find((candidate) => candidate.chunkId === chunk.parentChunkId)?.content);
    }
  });

  it("gives vectors if they are asked for and made already", async () => {
    const { document } = await added();
    const query = queryOf(document.ownerId, wholeOf(document), { embeddings: true, pageSize: 3, window: 1 });
    const vectors = async () =>
      (await getChunks(deps(), query, never)).chunks.map(({ chunk, neighbors }) => [
        chunk.embedding?.length,
        neighbors[0]?.embedding,
      ]);
    expect(await vectors()).toEqual(Array(3).fill([undefined, undefined]));
    await embedWaiting(deps());
    expect(await vectors()).toEqual(Array(3).fill([dimension, undefined]));
  });

  it("ends a page where the next chunk would no longer fit into one reply, context included", async () => {
    // With ten leaves on each side, two hundred leaves take 6 MB.
    const content = "語".repeat(100_000);
    const document = newDocument({ content, chunking: { strategy: "fixed_size", chunkTokens: 508, overlapTokens: 0 } });
    await addDocuments(deps(), [document], never);
    const pages = await allPages(queryOf(document.ownerId, wholeOf(document), { window: 10, pageSize: 500 }));
    expect(pages.length).toBeGreaterThan(1);
    const text = pages.flatMap((page) => page.chunks.map(({ chunk }) => chunk.content)).join("");
    expect(text).toBe(content);
    for (const { chunks } of pages) {
      const bytes = chunks
        .flatMap(({ chunk, neighbors }) => [chunk, ...neighbors])
        .map(({ content: part }) => Buffer.byteLength(part));
      expect(bytes.reduce((sum, part) => sum + part, 0)).toBeLessThan(limits.replyBytesMax);
    }
  });

  it("does not go on in a document that has changed, and finds none that is gone or another owner's", async () => {
    const { document } = await added();
    const query = queryOf(document.ownerId, wholeOf(document), { pageSize: 2 });
    const { nextPageToken } = await getChunks(deps(), query, never);
    await addDocuments(deps(), [{ ...document, content: `New. ${document.content}` }], never);
    const error = await getChunks(deps(), { ...query, pageToken: nextPageToken }, never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ reason: "DOCUMENT_CHANGED" });
    const foreign = newOwner();
    const theirs = queryOf(foreign, wholeOf({ ...document, ownerId: foreign }));
    await expect(getChunks(deps(), theirs, never)).rejects.toThrow(NotFoundError);
    await deleteDocument(deps(), document, never);
    await expect(getChunks(deps(), query, never)).rejects.toThrow(NotFoundError);
  });

  it.each([
    ["of another query", (query: ChunkQuery) => ({ ...query, window: 1 })],
    ["that is none", (query: ChunkQuery) => ({ ...query, pageToken: "nonsense" })],
  ])("refuses a token %s", async (_name, change) => {
    const { document } = await added();
    const query = queryOf(document.ownerId, wholeOf(document), { pageSize: 2 });
    const { nextPageToken } = await getChunks(deps(), query, never);
    await expect(getChunks(deps(), change({ ...query, pageToken: nextPageToken }), never)).rejects.toThrow(InvalidInputError);
  });
});

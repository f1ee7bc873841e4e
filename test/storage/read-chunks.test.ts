import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readChunksById, readLeavesAround, readLeavesBetween } from "../../src/storage/read-chunks.ts";
import { readChunks } from "../../src/storage/read-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { type Sketch, store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("chunks on $name", (kind) => {
  const storage = useStorage(kind);

  const stored = async (sketch: Sketch) => {
    const [result] = await store(storage().database, [sketch]);
    if (!result) throw new Error("nothing was stored");
    return { ...result, chunks: await readChunks(storage().database, result.document, { embeddingsOf: undefined }) };
  };

  it("are read by their ids, parents with their text, which may lie in several segments", async () => {
    const ownerId = newOwner();
    const leaves = ["one 🎈", "two", "three", "four"];
    const segments = [
      { charStart: 0, content: "one 🎈\nt" },
      { charStart: 7, content: "wo\nthre" },
      { charStart: 14, content: "e\nfour" },
    ];
    const { chunks } = await stored({ ownerId, leaves, parents: [1, 3], segments });
    const ids = chunks.map((chunk) => chunk.chunkId);
    const read = await readChunksById(storage().database, ownerId, ids, new Date());
    expect(ids.map((id) => read.get(id)?.content)).toEqual(["one 🎈", "two\nthree\nfour", ...leaves]);
    const [, second, , leaf] = chunks;
    expect(read.get(leaf?.chunkId ?? "")).toEqual({ ...leaf, parentChunkId: second?.chunkId, level: 0, index: 1 });
  });

  it("are missing if they do not exist or are another owner's", async () => {
    const { chunks } = await stored({ ownerId: newOwner() });
    const ids = [randomUUID(), ...chunks.map((chunk) => chunk.chunkId)];
    expect(await readChunksById(storage().database, newOwner(), ids, new Date())).toEqual(new Map());
  });

  it("are read by a range of their indexes, leaves only and in order", async () => {
    const { document } = await stored({ ownerId: newOwner(), leaves: ["a", "b", "c", "d"], parents: [2, 2] });
    const between = async (indexStart: number, indexEnd: number) =>
      (await readLeavesBetween(storage().database, document, { indexStart, indexEnd })).map((leaf) => leaf.content);
    expect(await between(1, 3)).toEqual(["b", "c"]);
    expect(await between(0, 99)).toEqual(["a", "b", "c", "d"]);
    expect(await between(4, 5)).toEqual([]);
  });

  it("are read with those around them, of several documents, each once", async () => {
    const ownerId = newOwner();
    const first = await stored({ ownerId, leaves: ["a", "b", "c", "d", "e"], parents: [5] });
    const second = await stored({ ownerId, leaves: ["v", "w", "x"] });
    const places = [
      { documentId: first.document.documentId, index: 0 },
      { documentId: first.document.documentId, index: 1 },
      { documentId: second.document.documentId, index: 2 },
    ];
    const around = await readLeavesAround(storage().database, ownerId, places, 1);
    const of = (documentId: string) =>
      around
        .filter((leaf) => leaf.documentId === documentId)
        .map((leaf) => leaf.content)
        .sort();
    expect(of(first.document.documentId)).toEqual(["a", "b", "c"]);
    expect(of(second.document.documentId)).toEqual(["w", "x"]);
    expect(await readLeavesAround(storage().database, newOwner(), places, 1)).toEqual([]);
  });
});

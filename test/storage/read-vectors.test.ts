import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { CancelledError } from "../../src/domain/errors.ts";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { readVectors } from "../../src/storage/read-vectors.ts";
import { testDatabases } from "../support/databases.ts";
import { readContents } from "../support/leaf-rows.ts";
import { store } from "../support/prepared-documents.ts";
import { dimension, embedWaiting, newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("vectors of chunks on $name", (kind) => {
  const storage = useStorage(kind);

  it("are those that were stored, to the precision of their type, and missing where there are none", async () => {
    const { database, table } = storage();
    const [ownerId, other] = [newOwner(), newOwner()];
    await store(database, [{ ownerId, leaves: ["river mill", "old town", "not asked for"] }, { ownerId: other }]);
    await embedWaiting(storage());
    await store(database, [{ ownerId, leaves: ["waits"] }]);
    const contents = await readContents(storage(), ownerId);
    const asked = [...contents].filter(([, content]) => content !== "not asked for").map(([chunkId]) => chunkId);
    const theirs = [...(await readContents(storage(), other)).keys()];
    const vectors = await readVectors(database, table, ownerId, [...asked, ...theirs, randomUUID()]);
    expect([...vectors.keys()].map((chunkId) => contents.get(chunkId)).sort()).toEqual(["old town", "river mill"]);
    for (const [chunkId, vector] of vectors) {
      const expected = embedHashedWords(contents.get(chunkId) ?? "", dimension);
      expect(vector).toEqual(table.vectorType === "halfvec" ? new Float32Array(new Float16Array(expected)) : expected);
    }
    await embedWaiting(storage());
  });

  it("are none if none is asked for", async () => {
    const { database, table } = storage();
    expect(await readVectors(database, table, newOwner(), [])).toEqual(new Map());
  });

  it("are not waited for once the caller has gone away", async () => {
    const { database, table } = storage();
    await expect(readVectors(database, table, newOwner(), [], AbortSignal.abort())).rejects.toThrow(CancelledError);
  });
});

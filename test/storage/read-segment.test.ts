import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readSegment } from "../../src/storage/read-segment.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("segments of a text on $name", (kind) => {
  const storage = useStorage(kind);

  const threeSegments = async () => {
    const segments = [
      { charStart: 0, content: "ab🎈" },
      { charStart: 3, content: "de" },
      { charStart: 5, content: "f" },
    ];
    const [stored] = await store(storage().database, [{ ownerId: newOwner(), segments }]);
    if (!stored) throw new Error("nothing was stored");
    return stored.document;
  };

  it.each([
    [0, 0],
    [2, 0],
    [3, 1],
    [4, 1],
    [5, 2],
    [99, 2],
  ])("are found by a code point: %i is in segment %i", async (charIndex, index) => {
    const read = await readSegment(storage().database, await threeSegments(), { charIndex });
    expect(read?.segment?.index).toBe(index);
  });

  it("are read one by one, until there is no more", async () => {
    const document = await threeSegments();
    const read = (index: number) => readSegment(storage().database, document, { index });
    expect(await read(1)).toEqual({ segment: { index: 1, charStart: 3, content: "de" } });
    expect(await read(3)).toEqual({ segment: undefined });
  });

  it("are not read of another version, of a document that is gone, or of another owner's", async () => {
    const document = await threeSegments();
    const others = [
      { ...document, version: document.version + 1 },
      { ...document, documentId: randomUUID() },
      { ...document, ownerId: newOwner() },
    ];
    for (const other of others) expect(await readSegment(storage().database, other, { index: 0 })).toBeUndefined();
  });
});

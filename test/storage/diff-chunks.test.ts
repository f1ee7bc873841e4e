import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffChunks, type ExistingChunk, type PreparedChunk } from "../../src/storage/diff-chunks.ts";

/** Few texts, so that the old and the new document share some. */
const texts = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });

describe("the difference of two versions of a document", () => {
  it("keeps as many chunks of each text as both versions have", () => {
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const { created, kept, removed } = diffChunks(before.map(existing), after.map(prepared), "english");
        for (const text of ["a", "b", "c", "d"]) {
          const count = (all: readonly string[]) => all.filter((other) => other === text).length;
          expect(count(kept.map((chunk) => chunk.content))).toBe(Math.min(count(before), count(after)));
        }
        expect(created.length + kept.length).toBe(after.length);
        expect(removed.length + kept.length).toBe(before.length);
      }),
    );
  });

  it("gives no id twice, and every chunk its new place", () => {
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const { created, kept, removed } = diffChunks(before.map(existing), after.map(prepared), "english");
        const ids = [...created, ...kept, ...removed].map((chunk) => chunk.chunkId);
        expect(new Set(ids).size).toBe(ids.length);
        const placed = [...created, ...kept].sort((left, right) => left.index - right.index);
        expect(placed.map((chunk) => chunk.content)).toEqual(after);
      }),
    );
  });

  it("keeps a parent whatever the language, and a leaf only in the same one", () => {
    const before = [existing("text", 0), { ...existing("text", 1), level: 1, textConfig: null }];
    const after = [{ ...prepared("text", 0), level: 1 }, prepared("text", 1)];
    const { created, kept, parentIds } = diffChunks(before, after, "german");
    expect(kept.map((chunk) => [chunk.level, chunk.chunkId])).toEqual([[1, "old 1"]]);
    expect(created.map((chunk) => chunk.level)).toEqual([0]);
    expect(parentIds).toEqual(["old 1"]);
  });

  it("never takes a parent for a leaf with the same text", () => {
    const before = [{ ...existing("text", 0), level: 1, textConfig: null }];
    const { created, removed } = diffChunks(before, [prepared("text", 0)], "english");
    expect([created.length, removed.length]).toEqual([1, 1]);
  });

  it("keeps a chunk whose context prefix has changed, and tells that another text is embedded for it", () => {
    const before = [prefixed("Draft", existing("a", 0)), prefixed("Draft", existing("b", 1)), existing("c", 2), existing("d", 3)];
    const after = [prefixed("Final", prepared("a", 0)), prepared("b", 1), prefixed("Final", prepared("c", 2)), prepared("d", 3)];
    const { created, kept } = diffChunks(before, after, "english");
    expect(created).toEqual([]);
    expect(kept.map(({ content, hadPrefix, isReembedded }) => [content, hadPrefix, isReembedded])).toEqual([
      ["a", true, true],
      ["b", true, true],
      ["c", false, true],
      ["d", false, false],
    ]);
  });

  it("embeds nothing for a chunk whose vector the client gives", () => {
    const after = [{ ...prefixed("Final", prepared("a", 0)), embedding: Float32Array.of(1) }];
    expect(diffChunks([prefixed("Draft", existing("a", 0))], after, "english").kept).toMatchObject([{ isReembedded: false }]);
  });

  it("prefers, of several with one text, the one that has the context prefix already", () => {
    const before = [
      prefixed("May", existing("thanks", 0)),
      prefixed("June", existing("thanks", 1)),
      prefixed("July", existing("thanks", 2)),
    ];
    const after = [
      prefixed("August", prepared("thanks", 0)),
      prefixed("July", prepared("thanks", 1)),
      prefixed("May", prepared("thanks", 2)),
    ];
    const { kept } = diffChunks(before, after, "english");
    expect(kept.map(({ chunkId, isReembedded }) => [chunkId, isReembedded])).toEqual([
      ["old 1", true],
      ["old 2", false],
      ["old 0", false],
    ]);
  });
});

function existing(text: string, index: number): ExistingChunk {
  const contextPrefix = undefined;
  return { chunkId: `old ${index}`, level: 0, contentHash: hash(text), textConfig: "english", tokenCount: 1, contextPrefix };
}

function prepared(text: string, index: number): PreparedChunk {
  const place = { index, parentIndex: undefined, charStart: index, charEnd: index + 1 };
  return {
    chunkId: `new ${index}`,
    level: 0,
    ...place,
    tokenCount: 1,
    metadata: {},
    content: text,
    contentHash: hash(text),
  };
}

function prefixed<Chunk extends ExistingChunk | PreparedChunk>(contextPrefix: string, chunk: Chunk): Chunk {
  return { ...chunk, contextPrefix };
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

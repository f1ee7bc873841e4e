import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { segmentsOf } from "../../src/documents/prepare-document.ts";
import { CancelledError } from "../../src/domain/errors.ts";
import { type Hit, loadContext, loadHits } from "../../src/storage/load-hits.ts";
import { testDatabases } from "../support/databases.ts";
import { readContents, readFacts } from "../support/leaf-rows.ts";
import { type Sketch, store } from "../support/prepared-documents.ts";
import { newOwner, recordStatements, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("hits on $name", (kind) => {
  const storage = useStorage(kind);

  /** Stores a document and loads its leaves, in reading order. */
  async function storeHits(ownerId: string, sketch: Omit<Sketch, "ownerId">): Promise<Hit[]> {
    const [stored] = await store(storage().database, [{ ownerId, ...sketch }]);
    const chunkIds = [...(await readContents(storage(), ownerId)).keys()];
    const hits = [...(await loadHits(storage().database, ownerId, chunkIds)).hits.values()];
    return hits
      .filter(({ documentId }) => documentId === stored?.document.documentId)
      .sort((left, right) => left.chunkIndex - right.chunkIndex);
  }

  async function contextOf(ownerId: string, hits: readonly Hit[], options: { window?: number; parents?: boolean }) {
    return await loadContext(storage().database, ownerId, hits, { window: 0, parents: false, ...options });
  }

  it("show the chunk and its document", async () => {
    const ownerId = newOwner();
    const documentDate = new Date("2026-01-02T03:04:05.678Z");
    const facts = { idAtOrigin: "origin", documentName: "The name", documentType: "chat", documentDate } as const;
    const leaves = ["first 🎈", "second", "third"];
    const hits = await storeHits(ownerId, { ...facts, metadata: { place: ["river", null] }, leaves, parents: [2] });
    expect(hits).toEqual(
      leaves.map((content, index) => ({
        ...facts,
        chunkId: expect.any(String),
        documentId: hits[0]?.documentId,
        documentMetadata: { place: ["river", null] },
        chunkMetadata: {},
        content,
        chunkIndex: index,
        charStart: [0, 8, 15][index],
        charEnd: [7, 14, 20][index],
        documentCreatedAt: expect.any(Date),
        parentChunkId: index < 2 ? expect.any(String) : undefined,
      })),
    );
    expect(hits[0]?.parentChunkId).toBe(hits[1]?.parentChunkId);
  });

  it("have no date where the document has none", async () => {
    const [hit] = await storeHits(newOwner(), {});
    expect(hit).toMatchObject({ documentDate: undefined, documentMetadata: {}, parentChunkId: undefined });
  });

  it("are found by their owner alone, and missing if there is no such chunk", async () => {
    const [ownerId, other] = [newOwner(), newOwner()];
    const [mine] = await storeHits(ownerId, {});
    const [theirs] = await storeHits(other, {});
    const asked = [mine?.chunkId ?? "", theirs?.chunkId ?? "", randomUUID()];
    const { hits } = await loadHits(storage().database, ownerId, asked);
    expect([...hits.keys()]).toEqual([mine?.chunkId]);
  });

  it("come with the owner's writes so far, also where there are none", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    expect(await loadHits(database, ownerId, [randomUUID()])).toEqual({ hits: new Map(), writes: 0n });
    await storeHits(ownerId, {});
    const { writes } = await loadHits(database, ownerId, []);
    expect(writes).toBeGreaterThan(0n);
    expect(writes).toBe((await readFacts(storage(), ownerId, "")).writes);
    await storeHits(ownerId, {});
    expect((await loadHits(database, ownerId, [])).writes).toBeGreaterThan(writes);
  });

  describe("have neighbours", () => {
    const leaves = ["zero", "one", "two", "three", "four", "five"];

    it.each([
      { window: 0, of: 2, around: [] },
      { window: 1, of: 2, around: ["one", "three"] },
      { window: 2, of: 3, around: ["one", "two", "four", "five"] },
      { window: 2, of: 0, around: ["one", "two"] },
      { window: 2, of: 1, around: ["zero", "two", "three"] },
      { window: 1, of: 5, around: ["four"] },
      { window: 10, of: 4, around: ["zero", "one", "two", "three", "five"] },
    ])("in reading order, $window on each side of the leaf $of, and no more than there are", async ({ window, of, around }) => {
      const ownerId = newOwner();
      await storeHits(ownerId, { leaves: ["another document", "of the same owner", "with more leaves"] });
      const hits = await storeHits(ownerId, { leaves, parents: [3, 3] });
      const hit = hits.filter(({ chunkIndex }) => chunkIndex === of);
      const context = await contextOf(ownerId, hit, { window });
      const found = context.get(hit[0]?.chunkId ?? "") ?? [];
      expect(found.map(({ content }) => content)).toEqual(around);
      const expected = around.map((content) => hits.find((neighbour) => neighbour.content === content));
      expect(found).toEqual(
        expected.map((neighbour) => ({
          relation: "neighbor",
          chunkId: neighbour?.chunkId,
          chunkIndex: neighbour?.chunkIndex,
          content: neighbour?.content,
          charStart: neighbour?.charStart,
          charEnd: neighbour?.charEnd,
        })),
      );
    });

    it("each of its own, in one statement for all, though hits stand side by side", async () => {
      const { database } = storage();
      const ownerId = newOwner();
      const hits = await storeHits(ownerId, { leaves });
      const others = await storeHits(ownerId, { leaves: ["alone"] });
      const asked = [...hits.slice(1, 3), ...others];
      const { queryable, names } = recordStatements(database);
      const context = await loadContext(queryable, ownerId, asked, { window: 1, parents: true });
      expect(names).toEqual(["load_context"]);
      expect(asked.map(({ chunkId }) => context.get(chunkId)?.map(({ content }) => content))).toEqual([
        ["zero", "two"],
        ["one", "three"],
        undefined,
      ]);
    });
  });

  describe("have a parent", () => {
    it("that comes before the neighbours, if it is asked for and there is one", async () => {
      const ownerId = newOwner();
      const hits = await storeHits(ownerId, { leaves: ["a", "b", "c", "d"], parents: [1, 2] });
      const relations = async (options: { window: number; parents: boolean }) => {
        const context = await contextOf(ownerId, hits, options);
        return hits.map(({ chunkId }) => (context.get(chunkId) ?? []).map(({ relation, content }) => `${relation} ${content}`));
      };
      expect(await relations({ window: 1, parents: true })).toEqual([
        ["parent a", "neighbor b"],
        ["parent b\nc", "neighbor a", "neighbor c"],
        ["parent b\nc", "neighbor b", "neighbor d"],
        ["neighbor c"],
      ]);
      expect(await relations({ window: 0, parents: true })).toEqual([["parent a"], ["parent b\nc"], ["parent b\nc"], []]);
      expect(await relations({ window: 0, parents: false })).toEqual([[], [], [], []]);
    });

    it.each([1, 2, 3, 4, 5, 7, 100])("whose text is that of the document, in segments of %d characters", async (size) => {
      const leaves = ["a🎈b", "c", "d𠮷e é f", "", "g\u{10ffff}", "h"];
      const characters = [...leaves.join("\n")];
      const segments = Array.from({ length: Math.ceil(characters.length / size) }, (_, index) => ({
        charStart: index * size,
        content: characters.slice(index * size, (index + 1) * size).join(""),
      }));
      await expectParentsCutOut(newOwner(), { leaves, parents: [1, 2, 3], segments });
    });

    it("whose text is that of the document, over several segments of full size", async () => {
      const leaves = Array.from(
        { length: 30 },
        (_, leaf) => `${leaf} 🎈é𠮷 ${"日本語 text 👩‍👩‍👧 ".repeat(100 + 37 * (leaf % 11))}`,
      );
      const segments = segmentsOf(leaves.join("\n"));
      expect(segments.length).toBeGreaterThan(4);
      await expectParentsCutOut(newOwner(), { leaves, parents: [1, 2, 11, 3], segments });
    });

    async function expectParentsCutOut(ownerId: string, sketch: Required<Pick<Sketch, "leaves" | "parents" | "segments">>) {
      const characters = [...sketch.leaves.join("\n")];
      const hits = await storeHits(ownerId, sketch);
      const context = await contextOf(ownerId, hits, { parents: true });
      const parents = hits.map(({ chunkId }) => context.get(chunkId)?.[0]);
      let first = 0;
      for (const size of sketch.parents) {
        const text = sketch.leaves.slice(first, first + size).join("\n");
        for (const parent of parents.slice(first, first + size)) {
          expect(parent?.content === text).toBe(true);
          expect(characters.slice(parent?.charStart, parent?.charEnd).join("") === text).toBe(true);
        }
        first += size;
      }
      expect(parents.slice(first).every((parent) => parent === undefined)).toBe(true);
      expect(first).toBeGreaterThan(0);
    }
  });

  it("have no context in another owner's documents", async () => {
    const ownerId = newOwner();
    const hits = await storeHits(ownerId, { leaves: ["a", "b"], parents: [2] });
    expect(await contextOf(newOwner(), hits, { window: 2, parents: true })).toEqual(new Map());
    expect(await contextOf(ownerId, [], { window: 2, parents: true })).toEqual(new Map());
  });

  it("are not waited for once the caller has gone away", async () => {
    const options = { window: 1, parents: true };
    const loading = loadContext(storage().database, newOwner(), [], options, AbortSignal.abort());
    await expect(loading).rejects.toThrow(CancelledError);
  });
});

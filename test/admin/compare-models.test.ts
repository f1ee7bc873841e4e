import { describe, expect, it } from "vitest";
import { compareModels } from "../../src/admin/compare-models.ts";
import { startModelMigration } from "../../src/admin/start-model-migration.ts";
import { StartupError } from "../../src/domain/errors.ts";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { ModelGenerations } from "../../src/embedding/model-generations.ts";
import { findNearestByBoth, sampleAskedQueries } from "../../src/storage/compare-models.ts";
import { readModels } from "../../src/storage/model-registry.ts";
import { insertSearches } from "../../src/storage/search-history.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { embedAll, openHashing, queueAll, tableOf, useModels } from "../support/model-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { dimension, newOwner, silentLogger } from "../support/test-storage.ts";

const words = ["tea", "coffee", "milk", "water", "juice", "wine", "beer", "cocoa", "mate", "cider", "punch", "broth", "soda"];

describe.each(testDatabases())("comparing two models on $name", (kind) => {
  const storage = useModels(kind);
  const compare = (queryCount = 20, modelId = "") => compareModels(storage(), { modelId, queryCount }, never);

  async function build(newDimension = 32) {
    await startModelMigration(storage(), { provider: "hashing", dimension: newDimension }, never);
    const table = await tableOf(storage(), `hashing/${newDimension}`);
    await queueAll(storage(), table);
    await embedAll(storage(), table);
    await embedAll(storage(), storage().table);
    return table;
  }

  it("says that nothing is stored", async () => {
    await build();
    expect(await compare()).toMatchObject({
      queryCount: 0,
      historyQueryCount: 0,
      overlapAt10: 1,
      overlapAt10Min: 1,
      sameFirst: 1,
    });
  });

  it("is refused until the model is built, and for the active one", async () => {
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    await expect(compare()).rejects.toMatchObject({ reason: "MODEL_NOT_READY" });
    await expect(compare(1, "hashing/64")).rejects.toMatchObject({ reason: "MODEL_NOT_COMPARABLE" });
  });

  it("is refused by a process that cannot open the model", async () => {
    await build();
    const models = await ModelGenerations.open({
      ...storage(),
      logger: silentLogger,
      openProvider: async (spec) => {
        if (spec.dimension === 32) throw new StartupError("its key is missing");
        return await openHashing(spec);
      },
    });
    const comparing = compareModels({ ...storage(), models }, { modelId: "", queryCount: 1 }, never);
    await expect(comparing).rejects.toMatchObject({
      reason: "MODEL_NOT_AVAILABLE",
      message: expect.stringContaining("key is missing"),
    });
    await models.close();
  });

  it("takes queries that users asked first, then texts of chunks, and remembers what it found", async () => {
    const { database } = storage();
    const ownerId = newOwner();
    const leaves = words.map((word, index) => `${word} is drunk on day ${index} with a guest`);
    await store(database, [{ ownerId, leaves }]);
    const table = await build();
    const search = (queryText: string, searchType = "hybrid", createdAt = new Date()) => ({
      ownerId,
      searchId: crypto.randomUUID(),
      queryText,
      searchType,
      plan: "exact",
      limit: 10,
      chunkIds: [],
      scores: [],
      durationMs: 1,
      createdAt,
    });
    await insertSearches(database, [search("tea"), search("tea"), search("wine"), search("beer", "text")]);
    expect((await sampleAskedQueries(database, 10)).map(({ text }) => text).toSorted()).toEqual(["tea", "wine"]);
    expect(await sampleAskedQueries(database, 1)).toHaveLength(1);

    const comparison = await compare(5);
    expect(comparison).toMatchObject({ comparedWith: "hashing/64", queryCount: 5, historyQueryCount: 2 });
    expect(comparison.overlapAt10).toBeGreaterThan(0.5);
    expect(comparison.overlapAt10).toBeLessThanOrEqual(1);
    expect(comparison.overlapAt10Min).toBeLessThanOrEqual(comparison.overlapAt10);
    expect((await readModels(database))[1]?.comparison).toEqual(comparison);

    // Checked against the distances themselves.
    const nearest = (length: number) => {
      const query = embedHashedWords("tea", length);
      const dot = (text: string) => embedHashedWords(text, length).reduce((sum, value, i) => sum + value * (query[i] ?? 0), 0);
      return leaves.toSorted((left, right) => dot(right) - dot(left))[0];
    };
    const models = [storage().table, table].map((own) => ({ table: own, vector: embedHashedWords("tea", own.dimension) }));
    const [first, second] = models;
    if (!first || !second) throw new Error("two models are compared");
    const found = await findNearestByBoth(database, ownerId, [first, second], 10);
    const textOf = async (chunkId: string | undefined) =>
      (
        await database.query<{ content: string }>("read_text", "select content from document_chunks where chunk_id = $1", [
          chunkId,
        ])
      ).rows[0]?.content;
    expect(found.map((ids) => ids.length)).toEqual([10, 10]);
    expect([await textOf(found[0][0]), await textOf(found[1][0])]).toEqual([nearest(dimension), nearest(32)]);
  });
});

import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { dropModel } from "../../src/admin/drop-model.ts";
import { startModelMigration } from "../../src/admin/start-model-migration.ts";
import { activateModel, rollBackModel } from "../../src/admin/switch-model.ts";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { ModelGenerations } from "../../src/embedding/model-generations.ts";
import { type SearchDeps, search } from "../../src/search/search.ts";
import type { SearchAnswer } from "../../src/search/search-query.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { embedAll, openHashing, queueAll, tableOf, useModels } from "../support/model-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { newQuery } from "../support/search-answers.ts";
import { newResultCache, newSearchDeps } from "../support/search-deps.ts";
import { newOwner, silentLogger } from "../support/test-storage.ts";

const queryText = "tea with milk";

describe.each(testDatabases())("searching while the embedding model is changed on $name", (kind) => {
  const storage = useModels(kind);
  let ownerId: string;

  beforeEach(async () => {
    ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: ["tea with lemon", "coffee with milk", "water"] }]);
    await embedAll(storage(), storage().table);
    await startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);
    const table = await tableOf(storage(), "hashing/32");
    await queueAll(storage(), table);
    await embedAll(storage(), table);
  });

  const activate = () => activateModel(storage(), { modelId: "", force: true }, never);
  const find = (deps: SearchDeps) => search(deps, newQuery({ ownerId, queryText, searchType: "vector" }), never);

  /** Which model a search was of; every similarity has to be that model's. */
  function modelOf({ receipt, hits }: SearchAnswer): string | undefined {
    const dimension = Number(receipt.modelId?.split("/")[1]);
    const query = embedHashedWords(queryText, dimension);
    expect(hits).toHaveLength(3);
    for (const { content, similarity } of hits) {
      const expected = embedHashedWords(content, dimension).reduce((sum, value, index) => sum + value * (query[index] ?? 0), 0);
      expect(similarity).toBeCloseTo(expected, 2);
    }
    return receipt.modelId;
  }

  it("follows a switch that another process made with the next search", async () => {
    const models = await ModelGenerations.open({ ...storage(), logger: silentLogger, openProvider: openHashing });
    const deps = newSearchDeps(storage(), { models });
    expect(modelOf(await find(deps))).toBe("hashing/64");
    await activate();
    expect(models.active.table.modelId).toBe("hashing/64");
    expect(modelOf(await find(deps))).toBe("hashing/32");
    await rollBackModel(storage(), { modelId: "", force: false }, never);
    await dropModel(storage(), "hashing/32", never);
    expect(modelOf(await find(deps))).toBe("hashing/64");
    await models.close();
  });

  it("begins anew when the vectors that it was to compare are dropped while the query is embedded", async () => {
    let isDue = true;
    const models = await ModelGenerations.open({
      ...storage(),
      logger: silentLogger,
      openProvider: async (spec) => {
        const provider = await openHashing(spec);
        const embed: typeof provider.embed = async (...call) => {
          if (isDue && spec.dimension === 32) {
            isDue = false;
            // The search has read its facts by then.
            await sleep(200);
            await rollBackModel(storage(), { modelId: "", force: true }, never);
            await dropModel(storage(), "hashing/32", never);
          }
          return await provider.embed(...call);
        };
        return { ...provider, embed };
      },
    });
    await activate();
    expect(modelOf(await find(newSearchDeps(storage(), { models })))).toBe("hashing/64");
    expect(isDue).toBe(false);
    await models.close();
  });

  it("gives no answer of one model for the other, and one that is kept as long as nothing else has changed", async () => {
    const deps = newSearchDeps(storage(), { models: storage().models, resultCache: newResultCache(storage()) });
    const ask = async () => {
      const answer = await find(deps);
      return [modelOf(answer), answer.receipt.cacheHit];
    };
    expect([await ask(), await ask()]).toEqual([
      ["hashing/64", false],
      ["hashing/64", true],
    ]);
    await activate();
    expect([await ask(), await ask()]).toEqual([
      ["hashing/32", false],
      ["hashing/32", true],
    ]);
    await rollBackModel(storage(), { modelId: "", force: false }, never);
    expect(await ask()).toEqual(["hashing/64", true]);
  });
});

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { dropModel } from "../../src/admin/drop-model.ts";
import { startModelMigration } from "../../src/admin/start-model-migration.ts";
import { activateModel } from "../../src/admin/switch-model.ts";
import { watchModelMigration } from "../../src/admin/watch-model-migration.ts";
import { OwnerNotices } from "../../src/domain/owner-notices.ts";
import { Wakeup } from "../../src/domain/wakeup.ts";
import { ModelGenerations } from "../../src/embedding/model-generations.ts";
import { GenerationKeeper } from "../../src/server/generation-keeper.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { countVectors, openHashing, tableOf, useModels } from "../support/model-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { silentLogger } from "../support/test-storage.ts";

const pace = { pollMs: 50, keepaliveMs: 60_000 };

describe.each(testDatabases())("a process that follows the models on $name", (kind) => {
  const storage = useModels(kind);
  const keepers: GenerationKeeper[] = [];
  const wakeups = { jobsEnqueued: new Wakeup(), jobsSettled: new Wakeup(), vectorsGiven: new OwnerNotices() };

  function keep(embeds: boolean, models = storage().models): GenerationKeeper {
    const keeper = new GenerationKeeper({ ...storage(), ...wakeups, models }, { embeds });
    keepers.push(keeper);
    return keeper;
  }

  afterEach(async () => {
    await Promise.all(keepers.splice(0).map((keeper) => keeper.stop()));
  });

  const start = () => startModelMigration(storage(), { provider: "hashing", dimension: 32 }, never);

  async function watchToEnd(): Promise<string | undefined> {
    let last: string | undefined;
    for await (const { stage } of watchModelMigration(storage(), "hashing/32", never, pace)) last = stage;
    return last;
  }

  it("queues and embeds what was stored before a model, and what comes after it, and stops with it", async () => {
    const { database } = storage();
    await store(database, [{ leaves: ["tea", "coffee"] }]);
    keep(true);
    await start();
    expect(await watchToEnd()).toBe("ready");
    await store(database, [{ leaves: ["milk"] }]);
    wakeups.jobsEnqueued.notify();
    const tables = [await tableOf(storage(), "hashing/64"), await tableOf(storage(), "hashing/32")];
    for (const table of tables) while ((await countVectors(storage(), table)) < 3) await sleep(20);
    await activateModel(storage(), { modelId: "", force: true }, never);
    expect((await storage().models.active.provider.embed(["tea"], "query", never))[0]).toHaveLength(32);
    await store(database, [{ leaves: ["water"] }]);
    wakeups.jobsEnqueued.notify();
    // The retired model is kept up to date.
    for (const table of tables) while ((await countVectors(storage(), table)) < 4) await sleep(20);
  });

  it("leaves the work to others if it does not embed, or cannot open the model", async () => {
    const { database } = storage();
    await store(database, [{ leaves: ["tea"] }]);
    const models = await ModelGenerations.open({
      ...storage(),
      logger: silentLogger,
      openProvider: async (spec) => {
        if (spec.dimension === 32) throw new Error("no key");
        return await openHashing(spec);
      },
    });
    const idle = keep(false);
    const unable = keep(true, models);
    await start();
    const building = async () => (await countVectors(storage(), await tableOf(storage(), "hashing/32"))) === 0;
    await sleep(300);
    expect(await building()).toBe(true);
    await Promise.all([idle.stop(), unable.stop()]);
    keep(true);
    expect(await watchToEnd()).toBe("ready");
    await models.close();
  });

  it("closes what was dropped", async () => {
    const closed: number[] = [];
    const models = await ModelGenerations.open({
      ...storage(),
      logger: silentLogger,
      openProvider: async (spec) => ({
        ...(await openHashing(spec)),
        close: async () => {
          closed.push(spec.dimension ?? 0);
        },
      }),
    });
    keep(true, models);
    const deps = { ...storage(), models };
    await startModelMigration(deps, { provider: "hashing", dimension: 32 }, never);
    // That which was opened to try the model out.
    expect(closed).toEqual([32]);
    for await (const _ of watchModelMigration(deps, "", never, pace));
    await dropModel(deps, "hashing/32", never);
    while (closed.length < 2) await sleep(20);
    expect(closed).toEqual([32, 32]);
    await Promise.all(keepers.splice(0).map((keeper) => keeper.stop()));
    await models.close();
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { createHashingEmbedder, embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { type ApproximateSearch, RecallAudit } from "../../src/search/recall-audit.ts";
import { search } from "../../src/search/search.ts";
import type { Transaction } from "../../src/storage/database.ts";
import { ensureActiveModel } from "../../src/storage/embedding-models.ts";
import { exactChunksMax } from "../../src/storage/index-membership.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { newQuery } from "../support/search-answers.ts";
import { newSearchDeps } from "../support/search-deps.ts";
import { dimension, newOwner, openEmpty, realPostgres, schema, silentLogger, useStorage } from "../support/test-storage.ts";
import { ownerWithVectors } from "../support/vector-index.ts";

const queryVector = embedHashedWords("any words", dimension);
const hourMs = 3_600_000;

describe.each(testDatabases())("an audit of recall on $name", (kind) => {
  const storage = useStorage(kind);
  let audit: RecallAudit;

  beforeEach(() => {
    storage().metrics.searchRecall.reset();
    storage().metrics.searchRecallAudits.reset();
    audit = new RecallAudit({ ...storage(), logger: silentLogger }, { intervalMs: hourMs });
  });
  afterEach(() => audit.stop());

  function searchOf(ownerId: string, given: Partial<ApproximateSearch> = {}): ApproximateSearch {
    const { table } = storage();
    return { ownerId, table, filter: {}, queryVector, count: 100, indexProfile: "balanced", ownerChunks: 20_000, ...given };
  }

  async function samples() {
    const { searchRecall, searchRecallAudits } = storage().metrics;
    const recall = Object.fromEntries((await searchRecall.get()).values.map(({ labels, value }) => [labels.owner_size, value]));
    const { values } = await searchRecallAudits.get();
    return { recall, audits: values.map(({ labels, value }) => `${labels.owner_size} ${labels.outcome} ${value}`) };
  }

  it("tells the share of the nearest chunks that were found, as a mean, by size of the owner", async () => {
    const ownerId = await ownerWithVectors(storage(), 30);
    audit.offer(searchOf(ownerId));
    await audit.audit();
    expect(await samples()).toEqual({ recall: { large: 1 }, audits: ["large measured 1"] });
    // A search that asked for one chunk found one of ten.
    audit.offer(searchOf(ownerId, { count: 1 }));
    await audit.audit();
    expect((await samples()).recall).toEqual({ large: 0.55 });
    audit.offer(searchOf(ownerId, { ownerChunks: limits.recallLargeChunksMax + 1 }));
    await audit.audit();
    expect((await samples()).recall).toEqual({ large: 0.55, huge: 1 });
  });

  it("audits each search once, the latest, and nothing if there was none", async () => {
    await audit.audit();
    const ownerId = await ownerWithVectors(storage(), 3);
    audit.offer(searchOf("somebody-else"));
    audit.offer(searchOf(ownerId));
    await audit.audit();
    await audit.audit();
    expect((await samples()).audits).toEqual(["large measured 1"]);
  });

  it("leaves the database alone while it is busy", async () => {
    const { database } = storage();
    audit.offer(searchOf(await ownerWithVectors(storage(), 3)));
    const busy = Promise.withResolvers<void>();
    const hold = async (transaction: Transaction) => {
      await transaction.query("hold", "select 1");
      await busy.promise;
    };
    const held = Array.from({ length: Math.ceil((database.poolStatistics().total + 1) / 2) }, () => database.transaction(hold));
    const isBusy = () => database.poolStatistics().active > database.poolStatistics().idle;
    await expect.poll(isBusy).toBe(true);
    await audit.audit();
    busy.resolve();
    await Promise.all(held);
    expect((await samples()).audits).toEqual([]);
    await audit.audit();
    expect((await samples()).audits).toEqual(["large measured 1"]);
  });

  it("ends with the process that made it", async () => {
    audit.offer(searchOf(await ownerWithVectors(storage(), 3)));
    await audit.stop();
    await audit.audit();
    expect((await samples()).audits).toEqual([]);
  });
});

describe.skipIf(!hasRealPostgres())("on PostgreSQL, an audit of recall", () => {
  const storage = useStorage(realPostgres);

  it("gives up soon where the database does not answer, and rests then", async () => {
    const { database, table, metrics } = storage();
    const audit = new RecallAudit({ ...storage(), logger: silentLogger }, { intervalMs: hourMs });
    const ownerId = await ownerWithVectors(storage(), 3);
    const offered = {
      ownerId,
      table,
      filter: {},
      queryVector,
      count: 100,
      indexProfile: "balanced" as const,
      ownerChunks: 20_000,
    };
    await database.transaction(async (transaction) => {
      await transaction.query("lock", `lock table ${table.tableName} in access exclusive mode`);
      audit.offer(offered);
      await audit.audit();
    });
    audit.offer(offered);
    await audit.audit();
    const { values } = await metrics.searchRecallAudits.get();
    expect(values.map(({ labels, value }) => [labels.outcome, value])).toEqual([["late", 1]]);
    await audit.stop();
  });

  it("hears of the approximate searches of large owners, and not of exact ones", async () => {
    const { database, metrics, drop } = await openEmpty(realPostgres);
    await migrate(database, schema);
    // Such long vectors make an owner of two thousand chunks a large one.
    const provider = createHashingEmbedder({ dimension: 3_800 });
    const table = await ensureActiveModel(database, provider.model, new Date());
    const large = newOwner();
    const small = newOwner();
    const leaves = Array.from({ length: exactChunksMax(table, "postgres") + 1 }, (_, index) => `leaf ${index}`);
    await store(database, [
      { ownerId: large, leaves },
      { ownerId: small, leaves: ["leaf"] },
    ]);
    const recallAudit = new RecallAudit({ database, metrics, logger: silentLogger }, { intervalMs: hourMs });
    const offered: ApproximateSearch[] = [];
    recallAudit.offer = (approximate) => offered.push(approximate);
    const deps = newSearchDeps({ database, table, metrics }, { provider, recallAudit });
    for (const ownerId of [small, large])
      await search(deps, newQuery({ ownerId, queryText: "leaf", searchType: "vector" }), never);
    expect(offered).toMatchObject([{ ownerId: large, ownerChunks: leaves.length, count: limits.searchCandidates }]);
    await recallAudit.stop();
    await drop();
  });
});

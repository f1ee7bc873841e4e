import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll } from "vitest";
import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { createMetrics, type Metrics } from "../../src/observability/metrics.ts";
import type { Database, Queryable } from "../../src/storage/database.ts";
import { claimJobs, completeJobs } from "../../src/storage/embedding-jobs.ts";
import { type EmbeddingTable, ensureActiveModel } from "../../src/storage/embedding-models.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { openDatabase } from "../../src/storage/open-database.ts";
import { type TestDatabase, testDatabases } from "./databases.ts";

/** A migrated database with a table of vectors, and what is needed to work on it without the service around it. */
export interface TestStorage {
  readonly database: Database;
  readonly table: EmbeddingTable;
  readonly metrics: Metrics;
  /** A pool of its own on the same database, as another process would have; only on a real PostgreSQL. Close it. */
  readonly openAnotherPool: () => Promise<Database>;
}

export const schema = "llmemory";
export const silentLogger = pino({ level: "silent" });

/** Vectors of the tests: short enough to write down, long enough that words seldom meet in one component. */
export const dimension = 64;

/** The model whose table the tests use: that of `createHashingEmbedder({ dimension })`. */
export const hashingModel = { modelId: `hashing/${dimension}`, provider: "hashing", name: String(dimension), dimension };

/** A database that is opened but not migrated. */
export async function openEmpty(
  kind: TestDatabase,
): Promise<{ database: Database; metrics: Metrics; settings: Settings; drop: () => Promise<void> }> {
  const fresh = await kind.create();
  const settings: Settings = { ...fresh, schema, databasePoolSizeMax: 8, slowQueryMs: 3_600_000 };
  const metrics = createMetrics({ ownerLabels: true, version: "test" });
  try {
    const database = await openDatabase({ metrics, logger: silentLogger }, settings);
    const drop = async () => {
      await database.close();
      await fresh.drop();
    };
    return { database, metrics, settings, drop };
  } catch (error) {
    await fresh.drop();
    throw error;
  }
}

type Settings = Parameters<typeof openDatabase>[1];

/** The real PostgreSQL for what the embedded database cannot do: use it inside `describe.skipIf(!hasRealPostgres())`. */
export const realPostgres: TestDatabase = {
  name: "postgres",
  create: async () => {
    const real = testDatabases().find(({ name }) => name === "postgres");
    if (!real) throw new Error('this test needs a real PostgreSQL; run it with "npm run test:all"');
    return await real.create();
  },
};

/**
 * One database for the tests of a describe block, opened before the first and dropped after the last; tests keep apart by owner.
 *
 * @returns what to call inside a test to get it.
 */
export function useStorage(kind: TestDatabase): () => TestStorage {
  let storage: TestStorage | undefined;
  let drop = async () => {};
  beforeAll(async () => {
    const opened = await openEmpty(kind);
    const { database, metrics, settings } = opened;
    drop = opened.drop;
    await migrate(database, schema);
    const table = await ensureActiveModel(database, hashingModel, new Date());
    storage = { database, table, metrics, openAnotherPool: () => openDatabase({ metrics, logger: silentLogger }, settings) };
  });
  afterAll(() => drop());
  return () => {
    if (!storage) throw new Error("the database is open only while tests run");
    return storage;
  };
}

/** An owner that no other test has. */
export function newOwner(): string {
  return `owner-${randomUUID()}`;
}

/** Gives every chunk that waits for its vector the one of its text. */
export async function embedWaiting(
  { database, table }: Pick<TestStorage, "database" | "table">,
  vectorOf = (text: string) => embedHashedWords(text, dimension),
): Promise<void> {
  const lease = { leaseId: randomUUID(), modelId: table.modelId };
  const now = new Date();
  const jobs = await claimJobs(database, lease, { count: 10_000, now, leaseUntil: new Date(now.getTime() + 60_000) });
  await completeJobs(
    database,
    lease,
    table,
    jobs.map((job) => ({ job, embedding: vectorOf(job.content) })),
  );
}

/** Passes statements on and keeps their names, so that a test can count them. */
export function recordStatements(queryable: Queryable): { queryable: Queryable; names: string[] } {
  const names: string[] = [];
  const recording: Queryable = {
    query: (name, ...rest) => {
      names.push(name);
      return queryable.query(name, ...rest);
    },
  };
  return { queryable: recording, names };
}

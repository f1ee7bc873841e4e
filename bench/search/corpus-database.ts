import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import pino from "pino";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { createMetrics, type Metrics } from "../../src/observability/metrics.ts";
import type { Database } from "../../src/storage/database.ts";
import { type EmbeddingTable, ensureActiveModel } from "../../src/storage/embedding-models.ts";
import { changeMembership, exactChunksMax, findOwnersToIndex, findOwnersToUnindex } from "../../src/storage/index-membership.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { openDatabase } from "../../src/storage/open-database.ts";
import { countLexemes, findUncountedCorpora } from "../../src/storage/owner-lexemes.ts";
import { fillCorpus, type Owners } from "../corpus.ts";

export const schema = "llmemory";
export const dimension = 384;

/** 100,000 chunks: five owners of known shares, 20 small ones and 12 of middling size. */
export const owners: Owners = [
  { ownerId: "p60", chunks: 60_000 },
  { ownerId: "p9", chunks: 9_000 },
  { ownerId: "p2", chunks: 2_000 },
  { ownerId: "p09", chunks: 900 },
  { ownerId: "p02", chunks: 200 },
  ...Array.from({ length: 20 }, (_, index) => ({ ownerId: `small-${index}`, chunks: 200 })),
  ...Array.from({ length: 12 }, (_, index) => ({ ownerId: `middling-${index}`, chunks: index === 0 ? 1_988 : 1_992 })),
];

/** What is stored beside them to see whether small owners pay for one another. */
export const crowd: Owners = Array.from({ length: 10_000 }, (_, index) => ({ ownerId: `crowd-${index}`, chunks: 20 }));

/** A database with the project's tables, as the service opens it. */
export interface OpenCorpus {
  readonly database: Database;
  readonly table: EmbeddingTable;
  readonly metrics: Metrics;
  readonly close: () => Promise<void>;
}

export const logger = pino({ level: "error" });

/** Databases of one server that hold the corpus. They are named after what they are made of, so that a later run finds them again. */
export class CorpusServer {
  readonly #url: string;
  readonly #base = `llmemory_bench_${fingerprint()}`;

  constructor(url: string) {
    this.#url = url;
  }

  urlOf(name: string, options: { readonly user?: string; readonly startup?: string } = {}): string {
    const url = new URL(this.#url);
    url.pathname = `/${name}`;
    if (options.user !== undefined) url.username = url.password = options.user;
    if (options.startup !== undefined) url.searchParams.set("options", options.startup);
    return url.href;
  }

  /** The corpus alone; made if it is not there. */
  async base(): Promise<string> {
    await this.#make(this.#base, undefined, owners);
    return this.#base;
  }

  /** The corpus with the crowd of small owners. */
  async crowded(): Promise<string> {
    const name = `${this.#base}_crowded`;
    await this.#make(name, await this.base(), crowd);
    return name;
  }

  /**
   * The corpus with other vectors.
   *
   * @param makeVectors asked only if it is not there yet.
   */
  async withVectors(name: string, makeVectors: () => Promise<() => Float32Array>): Promise<string> {
    await this.#make(`${this.#base}_${name}`, undefined, owners, makeVectors);
    return `${this.#base}_${name}`;
  }

  /** A copy of the corpus for one section, to be dropped at its end. */
  async copy(purpose: string): Promise<{ readonly name: string; readonly drop: () => Promise<void> }> {
    const name = `${this.#base}_${purpose}`;
    const base = await this.base();
    await this.administer(`drop database if exists ${name} with (force)`, `create database ${name} template ${base}`);
    return { name, drop: () => this.administer(`drop database if exists ${name} with (force)`) };
  }

  /** Runs statements that no transaction allows. */
  async administer(...statements: readonly string[]): Promise<void> {
    const client = new Client({ connectionString: this.#url });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  /** What of the server's settings bears on the figures. */
  async describe(): Promise<string> {
    const client = new Client({ connectionString: this.urlOf(await this.base()) });
    await client.connect();
    try {
      const names = ["server_version", "shared_buffers", "work_mem", "fsync", "full_page_writes", "autovacuum"];
      const { rows } = await client.query<{ settings: string; pgvector: string; size: string }>(
        `select (select string_agg(name || ' ' || current_setting(name), ', ' order by array_position($1, name)) from unnest($1::text[]) as name) as settings,
                (select extversion from pg_extension where extname = 'vector') as pgvector,
                pg_size_pretty(pg_database_size(current_database())) as size`,
        [names],
      );
      return `- PostgreSQL: ${rows[0]?.settings}; pgvector ${rows[0]?.pgvector}; the corpus takes ${rows[0]?.size}`;
    } finally {
      await client.end();
    }
  }

  async #make(
    name: string,
    template: string | undefined,
    filling: Owners,
    makeVectors?: () => Promise<() => Float32Array>,
  ): Promise<void> {
    if (await this.#isComplete(name)) return;
    const vectorOf = await makeVectors?.();
    const from = template === undefined ? "" : `template ${template}`;
    await this.administer(`drop database if exists ${name} with (force)`, `create database ${name} ${from}`);
    const corpus = await openCorpus(this.urlOf(name));
    try {
      const onProgress = (chunks: number) => {
        if (chunks % 10_000 === 0) process.stderr.write(`${name}: ${chunks} chunks\n`);
      };
      await fillCorpus(corpus.database, corpus.table, filling, { seed: filling.length, vectorOf, onProgress });
      await settle(corpus);
    } finally {
      await corpus.close();
    }
    await this.administer(`comment on database ${name} is 'complete'`, "checkpoint");
  }

  async #isComplete(name: string): Promise<boolean> {
    const client = new Client({ connectionString: this.#url });
    await client.connect();
    try {
      const { rows } = await client.query(
        "select 1 from pg_database where datname = $1 and shobj_description(oid, 'pg_database') = 'complete'",
        [name],
      );
      return rows.length > 0;
    } finally {
      await client.end();
    }
  }
}

/** Opens a database as the service does, migrated and with the hashing model; `schemaName` for one that shows the tables as views. */
export async function openCorpus(
  databaseUrl: string,
  options: { readonly schemaName?: string; readonly isPrepared?: boolean } = {},
): Promise<OpenCorpus> {
  const metrics = createMetrics({ ownerLabels: true, version: "bench" });
  const settings = {
    databaseUrl,
    dataDirectory: "",
    schema: options.schemaName ?? schema,
    databasePoolSizeMax: 4,
    slowQueryMs: 3_600_000,
  };
  const database = await openDatabase({ metrics, logger }, settings);
  // A role without rights on the schema finds the model registered already.
  if (!options.isPrepared) await migrate(database, schema);
  const { model } = createHashingEmbedder({ dimension });
  const table = await (options.isPrepared ? readActiveTable(database) : ensureActiveModel(database, model, new Date()));
  return { database, table, metrics, close: () => database.close() };
}

async function readActiveTable(database: Database): Promise<EmbeddingTable> {
  const { rows } = await database.query<EmbeddingTable>(
    "read_active_table",
    `select model_id as "modelId", dimension, table_name as "tableName", vector_type as "vectorType", index_profile as "indexProfile"
     from embedding_models where state = 'active'`,
  );
  const [table] = rows;
  if (!table) throw new Error("no model is active");
  return table;
}

/** Does at once what the index keeper does in the background, then what autovacuum does. */
export async function settle({ database, table }: OpenCorpus): Promise<void> {
  const most = exactChunksMax(table, database.kind);
  for (const ownerId of await findOwnersToIndex(database, table, { chunksMax: most, count: 1_000 })) {
    await changeAll(database, table, ownerId, true);
  }
  for (const ownerId of await findOwnersToUnindex(database, table, { chunksBelow: most / 2, count: 1_000 })) {
    await changeAll(database, table, ownerId, false);
  }
  for (const corpus of await findUncountedCorpora(database, { chunksMax: 2_000, count: 1_000 }))
    await countLexemes(database, corpus);
  await database.query("vacuum", "vacuum analyze");
}

async function changeAll(database: Database, table: EmbeddingTable, ownerId: string, indexed: boolean): Promise<void> {
  const count = 1_000;
  for (let afterChunkId: string | undefined; ; ) {
    const done = await changeMembership(database, table, { ownerId, indexed, count, afterChunkId });
    if (done.count < count) return;
    afterChunkId = done.lastChunkId;
  }
}

/** Changes when the tables or the corpus do. */
function fingerprint(): string {
  const hash = createHash("sha256").update(JSON.stringify(owners));
  const migrations = join(repositoryDirectory, "src/storage/migrations");
  const files = readdirSync(migrations)
    .sort()
    .map((name) => join(migrations, name));
  const makers = ["bench/corpus.ts", "src/storage/create-embedding-table.ts", "src/storage/vector-index.ts"];
  for (const file of [...files, ...makers.map((name) => join(repositoryDirectory, name))]) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 8);
}

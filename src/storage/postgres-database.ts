import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { SpanKind } from "@opentelemetry/api";
import { Client, type ClientBase, escapeLiteral, Pool, type PoolClient, type PoolConfig } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { abortError, DependencyUnavailableError, LimitExceededError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import { traced } from "../observability/tracing.ts";
import type { Database, PoolStatistics, QueryResult, Session, Transaction, TransactionOptions } from "./database.ts";
import { errorType, isRetryable, translateDatabaseError } from "./database-errors.ts";
import { preparedName } from "./kept-plans.ts";
import { listenForNotices } from "./listen-for-notices.ts";
import { type SlowStatementOptions, SlowStatements } from "./slow-statements.ts";

export interface PoolOptions extends SlowStatementOptions {
  readonly kind: Database["kind"];
  readonly connection: Pick<PoolConfig, "connectionString" | "user" | "database" | "stream">;
  readonly poolSizeMax: number;
  readonly schema: string;
}

interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** PostgreSQL behind a pool of connections. The embedded database is the same with a pool of one. */
export class PostgresDatabase implements Database {
  readonly kind: Database["kind"];
  version = "PostgreSQL";
  readonly listen: Database["listen"];
  /** Transactions committed by this process. */
  commitCount = 0;
  readonly #pool: Pool;
  readonly #options: PoolOptions;
  readonly #deps: { metrics: Metrics; logger: Logger };
  readonly #slowStatements: SlowStatements;
  /** When each connection forgot its plans. */
  readonly #plannedAt = new WeakMap<PoolClient, number>();
  #active = 0;
  #lastAnswerAt = Number.NEGATIVE_INFINITY;

  constructor(deps: { metrics: Metrics; logger: Logger }, options: PoolOptions) {
    this.kind = options.kind;
    this.#options = options;
    this.#deps = deps;
    this.#slowStatements = new SlowStatements(deps, options, (text) => this.#readPlan(text));
    if (options.kind === "postgres")
      this.listen = (channel, listener, signal) => listenForNotices(options.connection, channel, listener, signal);
    this.#pool = new Pool({
      ...options.connection,
      max: options.poolSizeMax,
      // The time in the queue counts too. The embedded database's one connection may be busy for as long as a large document takes,
      // and requests that wait for it have deadlines of their own.
      connectionTimeoutMillis: options.kind === "embedded" ? 0 : limits.databaseConnectTimeoutMs,
      // A new connection has to read the catalogue and to make its plans, which the first request after a pause would wait for.
      idleTimeoutMillis: options.kind === "embedded" ? 0 : 600_000,
      application_name: "llmemory",
      onConnect: async (client) => {
        await client.query(sessionSettings(options));
      },
    });
    // A connection that breaks while it is in use fails its statement, or the next one; without a listener of its own it would end
    // the process as well.
    this.#pool.on("connect", (client) => client.on("error", () => undefined));
    // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
    this.#pool.on("error", (error) => {
      this.#deps.metrics.dbErrors.inc({ error_type: errorType(error) });
      this.#deps.logger.warn({ err: error }, "an idle database connection was lost");
    });
  }

  query<Row extends object>(
    name: string,
    text: string,
    values?: readonly unknown[],
    signal?: AbortSignal,
  ): Promise<QueryResult<Row>> {
    return this.#withRetries(signal, (client) => this.#run<Row>(client, { name, text, values, signal }));
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.#withRetries(options.signal, (client) => this.#runTransaction(client, work, options));
  }

  /** A deadlock or a failed serialization has undone everything, so it can be repeated. */
  async #withRetries<T>(signal: AbortSignal | undefined, run: (client: PoolClient) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#withClient(signal, run);
      } catch (error) {
        if (attempt >= limits.transactionAttemptsMax || !isRetryable(error)) throw error;
        // Jitter keeps two writers that met once from meeting again.
        await sleep(Math.random() * 20 * attempt);
      }
    }
  }

  async #runTransaction<T>(
    client: PoolClient,
    work: (transaction: Transaction) => Promise<T>,
    options: TransactionOptions,
  ): Promise<T> {
    const { signal } = options;
    const inTransaction: Transaction = {
      query: (name, text, values, statementSignal) =>
        this.#run(client, { name, text, values, signal: statementSignal ?? signal }),
      ...(this.kind === "postgres" && { copy: (name, text, data) => this.#copy(client, { name, text, signal }, data) }),
    };
    // Whoever holds the embedded database's one connection is alone with it, so its statements read one snapshot anyway.
    if (options.snapshot && !options.settings && this.kind === "embedded") return await work(inTransaction);
    const run = (name: string, text: string) => this.#run(client, { name, text, values: undefined, signal });
    await run("begin", beginStatement(options));
    try {
      const result = await work(inTransaction);
      await run("commit", "commit");
      this.commitCount++;
      return result;
    } catch (error) {
      // Without the signal: a transaction that was given up must not stay open on a connection that lives on.
      await client.query("rollback").catch(() => undefined);
      throw error;
    }
  }

  async openSession(signal: AbortSignal): Promise<Session> {
    if (signal.aborted) throw abortError(signal);
    if (this.kind === "embedded") {
      return { query: (name, text, values) => this.query(name, text, values, signal), close: async () => {} };
    }
    const client = new Client({
      ...this.#options.connection,
      connectionTimeoutMillis: limits.databaseConnectTimeoutMs,
      application_name: "llmemory",
    });
    // What breaks the connection fails the statement that runs, or the next one.
    client.on("error", () => undefined);
    const close = async () => {
      signal.removeEventListener("abort", close);
      await client.end();
    };
    signal.addEventListener("abort", close);
    try {
      await client.connect();
      await client.query(`${sessionSettings(this.#options)}; set statement_timeout to 0`);
    } catch (error) {
      await close();
      throw translateDatabaseError(error, signal);
    }
    return { query: (name, text, values) => this.#run(client, { name, text, values, signal }), close };
  }

  poolStatistics(): PoolStatistics {
    const total = this.#options.poolSizeMax;
    const lastAnswerAgeMs = performance.now() - this.#lastAnswerAt;
    return { active: this.#active, idle: total - this.#active, total, waiting: this.#pool.waitingCount, lastAnswerAgeMs };
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #withClient<T>(signal: AbortSignal | undefined, work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#acquire(signal);
    this.#active++;
    let isHeld = true;
    const giveBack = (destroy: boolean) => {
      if (isHeld) client.release(destroy);
      isHeld = false;
    };
    const running = this.#forgetOldPlans(client)
      .then(() => work(client))
      .catch((error: unknown) => {
        // The driver may not have read yet that the connection is closed, so the pool would give it to the next statement.
        if (error instanceof DependencyUnavailableError) giveBack(true);
        throw error;
      })
      .finally(() => {
        this.#active--;
        giveBack(false);
      });
    if (!signal) return running;
    try {
      return await untilAborted(running, signal);
    } catch (error) {
      // An aborted statement still runs on the server. Closing its connection is the order to stop; the embedded database knows no
      // such order, so there the connection stays busy until the statement has ended.
      if (signal.aborted && this.kind === "postgres") giveBack(true);
      running.catch(() => undefined);
      throw error;
    }
  }

  async #acquire(signal: AbortSignal | undefined): Promise<PoolClient> {
    if (signal?.aborted) throw abortError(signal);
    if (this.#pool.waitingCount >= limits.databaseWaitersMax) {
      throw new LimitExceededError("DATABASE_BUSY", "too many requests wait for a database connection", 1_000);
    }
    const connecting = this.#pool.connect();
    try {
      return await (signal ? untilAborted(connecting, signal) : connecting);
    } catch (error) {
      // A connection that arrives after the wait was given up goes back to the pool.
      connecting.then((client) => client.release()).catch(() => undefined);
      this.#countError(error, signal);
      throw translateDatabaseError(error, signal);
    }
  }

  /** Plans go by how large tables are, and a connection that keeps one does not notice that an empty table has been filled. */
  async #forgetOldPlans(client: PoolClient): Promise<void> {
    const now = performance.now();
    const plannedAt = this.#plannedAt.get(client);
    if (plannedAt !== undefined && now - plannedAt < limits.plansKeptMs) return;
    this.#plannedAt.set(client, now);
    if (plannedAt !== undefined) await this.#run(client, { name: "discard_plans", text: "discard plans" });
  }

  async #run<Row extends object>(client: ClientBase, statement: Statement): Promise<QueryResult<Row>> {
    const { name, text, values = [] } = statement;
    const result = await this.#observed(statement, () =>
      client.query<Row>({ name: preparedName(name, text), text, values: [...values] }),
    );
    return { rows: result.rows, rowCount: result.rowCount ?? 0 };
  }

  async #copy(client: ClientBase, statement: Statement, data: readonly Buffer[]): Promise<void> {
    await this.#observed(statement, () => pipeline(Readable.from(data), client.query(copyFrom(statement.text))));
  }

  /** All statements pass by here, so spans are made here as well, by name, and no driver has to be patched. */
  async #observed<T>(statement: Statement, run: () => Promise<T>): Promise<T> {
    if (statement.signal?.aborted) throw abortError(statement.signal);
    const attributes = { "db.system.name": "postgresql", "db.query.summary": statement.name };
    return await traced({ name: statement.name, kind: SpanKind.CLIENT, attributes }, () => this.#timed(statement, run));
  }

  async #timed<T>(statement: Statement, run: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      const result = await run();
      this.#lastAnswerAt = performance.now();
      return result;
    } catch (error) {
      this.#countError(error, statement.signal);
      throw translateDatabaseError(error, statement.signal);
    } finally {
      const elapsedMs = performance.now() - started;
      this.#deps.metrics.dbQueryDurationSeconds.observe({ query_type: statement.name }, elapsedMs / 1_000);
      this.#slowStatements.observe(statement, elapsedMs);
    }
  }

  /** A statement that its caller gave up is no error of the database. */
  #countError(error: unknown, signal: AbortSignal | undefined): void {
    if (!signal?.aborted) this.#deps.metrics.dbErrors.inc({ error_type: errorType(error) });
  }

  /** Without the parameters, since plans show their values; PostgreSQL 15 cannot do that. Not while requests wait for a connection. */
  async #readPlan(text: string): Promise<readonly string[] | undefined> {
    if (this.#pool.waitingCount > 0 || this.#pool.ending) return undefined;
    const { rows } = await this.#pool.query<{ "QUERY PLAN": string }>(`explain (generic_plan) ${text}`);
    return rows.map((row) => row["QUERY PLAN"]);
  }
}

function beginStatement({ snapshot, settings = {} }: TransactionOptions): string {
  const begin = snapshot ? "begin isolation level repeatable read read only" : "begin";
  const set = Object.entries(settings).map(([name, value]) => `set local ${name} to ${escapeLiteral(String(value))}`);
  return [begin, ...set].join("; ");
}

/**
 * What every connection needs, in one round trip. Only statements with a name may get a plan for any parameters, see `preparedName`:
 * for large owners such a plan made 9 ms into 52. Compiling, and starting parallel workers, costs more than these statements take. Times
 * are read back as text in page tokens, so their form must not depend on the database's settings.
 */
function sessionSettings(options: PoolOptions): string {
  const shared = `set search_path to "${options.schema}", public; set plan_cache_mode to auto; set jit to off; set max_parallel_workers_per_gather to 0; set datestyle to 'ISO, YMD'; set timezone to 'UTC'`;
  return options.kind === "embedded"
    ? shared
    : `${shared}; set statement_timeout to '${limits.statementTimeoutMs}ms'; set idle_in_transaction_session_timeout to '60s'; set client_connection_check_interval to '1s'`;
}

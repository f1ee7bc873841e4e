import type { Database, Queryable } from "../storage/database.ts";
import { answerSearch, type SearchDeps, type TimeLeft } from "./search.ts";
import type { SearchAnswer, SearchQuery } from "./search-query.ts";

/** One statement that a search ran, and how the database carried it out. */
export interface ExplainedStatement {
  readonly name: string;
  readonly sql: string;
  /** The text of EXPLAIN (ANALYZE, BUFFERS), of one run more in the same transaction. */
  readonly plan: string;
  /** Of the search's own run. */
  readonly durationMs: number;
}

/** Runs a search with every statement explained on the way. It is not kept in the history, and no cached answer serves it. */
export async function explainSearch(
  deps: SearchDeps,
  query: SearchQuery,
  signal: AbortSignal,
  timeLeftMs?: TimeLeft,
): Promise<{ readonly answer: SearchAnswer; readonly statements: readonly ExplainedStatement[] }> {
  const statements: ExplainedStatement[] = [];
  const database = explaining(deps.database, statements);
  const answer = await answerSearch({ ...deps, database, resultCache: undefined }, query, signal, timeLeftMs);
  return { answer, statements };
}

function explaining(database: Database, statements: ExplainedStatement[]): Database {
  return {
    ...explainingQueries(database, statements),
    kind: database.kind,
    version: database.version,
    transaction: (work, options) =>
      database.transaction((transaction) => work(explainingQueries(transaction, statements)), options),
    openSession: (signal) => database.openSession(signal),
    poolStatistics: () => database.poolStatistics(),
    close: () => database.close(),
  };
}

function explainingQueries(queryable: Queryable, statements: ExplainedStatement[]): Queryable {
  const explained = async <T>(
    name: string,
    sql: string,
    values: readonly unknown[] | undefined,
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
  ): Promise<T> => {
    const started = performance.now();
    const result = await run();
    const durationMs = performance.now() - started;
    // What sets a time limit around others has no plan.
    if (!/^\s*(select|with)\b/i.test(sql)) return result;
    const { rows } = await queryable.query<{ "QUERY PLAN": string }>(
      "explain",
      `explain (analyze, buffers) ${sql}`,
      values,
      signal,
    );
    statements.push({ name, sql, durationMs, plan: rows.map((row) => row["QUERY PLAN"]).join("\n") });
    return result;
  };
  return {
    query: (name, sql, values, signal) => explained(name, sql, values, signal, () => queryable.query(name, sql, values, signal)),
  };
}

import type { Queryable } from "./database.ts";

/** Rows per owner and configuration that share its counts, so that an owner's writers seldom wait for one another. */
const slots = 8;

export interface CounterChange {
  readonly ownerId: string;
  readonly textConfig: string;
  readonly chunks: number;
  readonly tokens: number;
  /** Leaves with a context prefix. Default: 0. */
  readonly contexts?: number;
}

/**
 * Adds to the counts of owners, in a slot that is chosen by chance, and moves their versions on; a change of zero moves the version
 * alone. Rows are taken in key order, so that no two batches block each other: call it once in a transaction.
 *
 * Rows are never deleted, not even those of an owner who is erased: a version that began anew could meet an answer that is cached
 * under the same number.
 */
export async function addToCounters(transaction: Queryable, changes: readonly CounterChange[]): Promise<void> {
  const sums = new Map<string, { ownerId: string; textConfig: string; chunks: number; tokens: number; contexts: number }>();
  for (const change of changes) {
    const key = `${change.ownerId}\0${change.textConfig}`;
    const sum = sums.get(key) ?? { ownerId: change.ownerId, textConfig: change.textConfig, chunks: 0, tokens: 0, contexts: 0 };
    sum.chunks += change.chunks;
    sum.tokens += change.tokens;
    sum.contexts += change.contexts ?? 0;
    sums.set(key, sum);
  }
  const rows = [...sums].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, sum]) => sum);
  if (rows.length === 0) return;
  await transaction.query(
    "add_to_counters",
    `insert into owner_counters as c (owner_id, text_config, slot, chunk_count, token_count, context_count, version)
     select n.*, 1 from unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[]) as n
     on conflict (owner_id, text_config, slot) do update
     set chunk_count = c.chunk_count + excluded.chunk_count,
         token_count = c.token_count + excluded.token_count,
         context_count = c.context_count + excluded.context_count,
         version = c.version + 1`,
    [
      rows.map((row) => row.ownerId),
      rows.map((row) => row.textConfig),
      rows.map(() => Math.floor(Math.random() * slots)),
      rows.map((row) => row.chunks),
      rows.map((row) => row.tokens),
      rows.map((row) => row.contexts),
    ],
  );
}

/** Moves the versions of owners on, for what changes their answers but no counts: a renamed document, arriving vectors. */
export async function touchOwners(transaction: Queryable, ownerIds: readonly string[]): Promise<void> {
  await addToCounters(
    transaction,
    ownerIds.map((ownerId) => ({ ownerId, textConfig: "", chunks: 0, tokens: 0 })),
  );
}

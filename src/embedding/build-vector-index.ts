import type { Clock } from "../domain/clock.ts";
import { limits } from "../domain/limits.ts";
import type { Logger } from "../observability/logger.ts";
import type { Database, Session } from "../storage/database.ts";
import { type EmbeddingTable, readIndexProfile } from "../storage/embedding-models.ts";
import {
  changeMembership,
  countIndexMembers,
  findOwnersToIndex,
  findPartition,
  hasUnindexed,
} from "../storage/index-membership.ts";
import {
  buildReplacement,
  dropReplaced,
  dropReplacement,
  dropVectorIndex,
  lockVectorIndex,
  prepareToBuild,
  useReplacement,
} from "../storage/replace-vector-index.ts";
import { findUnindexedPartitions, listPartitions } from "../storage/vector-index.ts";

export interface BuildDeps {
  readonly database: Database;
  readonly table: EmbeddingTable;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Whose vectors wait for the approximate index. */
export interface BacklogOwner {
  readonly ownerId: string;
  /** The switch. */
  readonly chunksMax: number;
  /** For tests: how many vectors must wait. */
  readonly rowsMin?: number;
}

/**
 * Puts a large owner's vectors into the approximate index by building its partition's part anew, where that takes less time than putting
 * them in row by row: if at least as many wait as the index holds. Building 17,500 vectors took 13 s, putting them in one by one a minute.
 *
 * The index is taken away first, since rows cannot be marked without being put in; until it is there again, searches of the partition's
 * large owners compare all their vectors. The embedded database would answer nobody meanwhile, so there nothing is built.
 *
 * @returns whether it was done; false: the rows are to be put in one by one.
 */
export async function buildWithBacklog(deps: BuildDeps, owner: BacklogOwner, signal: AbortSignal): Promise<boolean> {
  const { database, table } = deps;
  const { ownerId, chunksMax, rowsMin = limits.indexBuildRowsMin } = owner;
  if (database.kind === "embedded") return false;
  if (!(await hasUnindexed(database, table, { ownerId, count: rowsMin }, signal))) return false;
  const partition = await findPartition(database, table, ownerId, signal);
  // Where the table is spread over several servers, its rows are in tables that this server does not have.
  if (partition === undefined || !(await listPartitions(database, table)).includes(partition)) return false;
  const due = { chunksMax, count: limits.indexOwnersMax, loadingAt: deps.clock.now() };
  const ownerIds = await findOwnersToIndex(database, table, due, signal);
  const { indexed, unindexed } = await countIndexMembers(database, partition, ownerIds, signal);
  if (unindexed < indexed) return false;
  return await build(deps, { partition, ownerIds }, signal);
}

/** Builds what is left missing by a build that was interrupted. */
export async function buildMissingIndexes(deps: BuildDeps, signal: AbortSignal): Promise<void> {
  if (deps.database.kind === "embedded") return;
  for (const partition of await findUnindexedPartitions(deps.database, deps.table))
    await build(deps, { partition, ownerIds: [] }, signal);
}

async function build(
  { database, table, logger }: BuildDeps,
  { partition, ownerIds }: { partition: string; ownerIds: readonly string[] },
  signal: AbortSignal,
): Promise<boolean> {
  const started = performance.now();
  const session = await database.openSession(signal);
  try {
    // Somebody else builds, and may have done so between the look and the lock.
    if (!(await lockVectorIndex(session, table))) return false;
    if (ownerIds.length === 0 && !(await findUnindexedPartitions(session, table)).includes(partition)) return true;
    await prepareToBuild(session);
    await dropReplaced(session, partition);
    await dropReplacement(session, partition);
    await dropVectorIndex(session, partition);
    let rows = 0;
    for (const ownerId of ownerIds) rows += await markAll(session, { ...table, tableName: partition }, ownerId);
    await buildReplacement(session, table, partition, await readIndexProfile(session, table));
    await useReplacement(session, partition);
    logger.info({ partition, rows, elapsedMs: Math.round(performance.now() - started) }, "an approximate index was built");
    return true;
  } finally {
    await session.close();
  }
}

/** Marks an owner's rows as indexed, while there is no index that would have to take them. */
async function markAll(session: Session, partition: EmbeddingTable, ownerId: string): Promise<number> {
  const count = limits.indexMarkRows;
  let rows = 0;
  for (let afterChunkId: string | undefined; ; ) {
    const done = await changeMembership(session, partition, { ownerId, indexed: true, count, afterChunkId });
    rows += done.count;
    if (done.count < count) return rows;
    afterChunkId = done.lastChunkId;
  }
}

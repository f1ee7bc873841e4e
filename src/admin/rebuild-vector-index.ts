import { setTimeout as sleep } from "node:timers/promises";
import { abortError, ConflictError } from "../domain/errors.ts";
import type { IndexProfile } from "../domain/index-profile.ts";
import { limits } from "../domain/limits.ts";
import type { Database, Session } from "../storage/database.ts";
import { type EmbeddingTable, readIndexProfile, saveIndexProfile } from "../storage/embedding-models.ts";
import { changeMembership, exactChunksMax, findOwnersToIndex, findOwnersToUnindex } from "../storage/index-membership.ts";
import {
  buildReplacement,
  dropReplaced,
  dropReplacement,
  lockVectorIndex,
  prepareToBuild,
  readVectorIndexState,
  recreateVectorIndex,
  useReplacement,
  type VectorIndexState,
} from "../storage/replace-vector-index.ts";
import { listPartitions } from "../storage/vector-index.ts";

export interface RebuildDeps {
  readonly database: Database;
  readonly table: EmbeddingTable;
}

/**
 * What is going on: `building` an index beside the one in use; on the embedded database `emptying`, then `filling` the one index that
 * there is; `finished`.
 */
export type RebuildPhase = "building" | "emptying" | "filling" | "finished";

export interface RebuildProgress {
  readonly phase: RebuildPhase;
  readonly partitionsDone: number;
  readonly partitionsTotal: number;
}

/** The embedded databases whose index is being rebuilt: each belongs to one process, and its advisory locks exclude nobody. */
const rebuilding = new WeakSet<Database>();

/**
 * Rebuilds the approximate index for a profile while documents are written and searched. Searches take the profile over when all of
 * it is built. A rebuild that was interrupted is gone on with by the next call for the same profile: partitions that are of the
 * profile are not built again, unless the whole index is already, in which case all of it is built anew.
 *
 * @param chunksMax for tests: the switch, if not that of the table.
 * @returns progress before the first partition, after each, and at the end.
 * @throws ConflictError if the index is being rebuilt by somebody else.
 */
export function rebuildVectorIndex(
  deps: RebuildDeps,
  profile: IndexProfile,
  signal: AbortSignal,
  chunksMax = exactChunksMax(deps.table, deps.database.kind),
): AsyncGenerator<RebuildProgress, void> {
  return deps.database.kind === "embedded" ? refillEmbedded(deps, profile, signal, chunksMax) : rebuild(deps, profile, signal);
}

async function* rebuild(deps: RebuildDeps, profile: IndexProfile, signal: AbortSignal): AsyncGenerator<RebuildProgress, void> {
  const { database, table } = deps;
  const session = await database.openSession(signal);
  try {
    await takeLock(session, table);
    await prepareToBuild(session);
    const states: VectorIndexState[] = [];
    for (const partition of await listPartitions(session, table))
      states.push(await readVectorIndexState(session, partition, profile));
    const isAskedAnew = states.every((state) => state.isOfProfile) && (await readIndexProfile(session, table)) === profile;
    const progress = (phase: RebuildPhase, partitionsDone: number) => ({ phase, partitionsDone, partitionsTotal: states.length });
    yield progress("building", 0);
    for (const [index, state] of states.entries()) {
      if (signal.aborted) throw abortError(signal);
      await rebuildPartition(session, table, state, { profile, isAskedAnew });
      yield progress("building", index + 1);
    }
    await saveIndexProfile(session, table, profile);
    yield progress("finished", states.length);
  } finally {
    await session.close();
  }
}

/** The lock of a rebuild that was interrupted is free when the server has noticed, which takes a second. */
async function takeLock(session: Session, table: EmbeddingTable): Promise<void> {
  const waitUntil = performance.now() + limits.indexLockWaitMs;
  while (!(await lockVectorIndex(session, table))) {
    if (performance.now() > waitUntil) throw alreadyRunning(table);
    await sleep(100);
  }
}

async function rebuildPartition(
  session: Session,
  table: EmbeddingTable,
  state: VectorIndexState,
  options: { profile: IndexProfile; isAskedAnew: boolean },
): Promise<void> {
  const { partition, replacement } = state;
  if (state.hasReplaced) await dropReplaced(session, partition);
  if (replacement === "useless") await dropReplacement(session, partition);
  const isNeeded = replacement !== "complete" && (options.isAskedAnew || !state.isOfProfile);
  if (isNeeded) await buildReplacement(session, table, partition, options.profile);
  if (!isNeeded && replacement !== "complete") return;
  await useReplacement(session, partition);
  await dropReplaced(session, partition);
}

/**
 * One statement at a time runs on the embedded database, and building an index over 12,000 vectors took 24 s, in which nobody is
 * answered. So the rows leave the index, which is quick, an empty one takes its place, and they come back in small batches, three times
 * as slow in all. Searches compare the rows that the index does not hold one by one meanwhile. After an interruption the worker
 * puts them back.
 */
async function* refillEmbedded(
  { database, table }: RebuildDeps,
  profile: IndexProfile,
  signal: AbortSignal,
  chunksMax: number,
): AsyncGenerator<RebuildProgress, void> {
  if (rebuilding.has(database)) throw alreadyRunning(table);
  rebuilding.add(database);
  try {
    const partitions = await listPartitions(database, table);
    const progress = (phase: RebuildPhase, partitionsDone: number) => ({
      phase,
      partitionsDone,
      partitionsTotal: partitions.length,
    });
    const count = limits.indexOwnersMax;
    yield progress("emptying", 0);
    const move = (ownerIds: readonly string[], indexed: boolean) => moveOwners({ database, table }, ownerIds, indexed, signal);
    await move(await findOwnersToUnindex(database, table, { chunksBelow: Number.MAX_SAFE_INTEGER, count }, signal), false);
    await database.transaction(
      async (transaction) => {
        for (const partition of partitions) await recreateVectorIndex(transaction, table, partition, profile);
      },
      { signal },
    );
    yield progress("filling", 0);
    await move(await findOwnersToIndex(database, table, { chunksMax, count }, signal), true);
    await saveIndexProfile(database, table, profile);
    yield progress("finished", partitions.length);
  } finally {
    rebuilding.delete(database);
  }
}

async function moveOwners(
  { database, table }: RebuildDeps,
  ownerIds: readonly string[],
  indexed: boolean,
  signal: AbortSignal,
): Promise<void> {
  const count = limits.indexBatchRowsEmbedded;
  for (const ownerId of ownerIds) {
    let afterChunkId: string | undefined;
    for (;;) {
      const done = await changeMembership(database, table, { ownerId, indexed, count, afterChunkId }, signal);
      if (done.count < count) break;
      afterChunkId = done.lastChunkId;
    }
  }
}

function alreadyRunning(table: EmbeddingTable): ConflictError {
  return new ConflictError(
    "INDEX_REBUILD_RUNNING",
    `the approximate index of model ${table.modelId} is being rebuilt already; wait until that has ended`,
  );
}

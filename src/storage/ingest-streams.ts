import type { JsonValue } from "../domain/document.ts";
import { ConflictError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Database, Queryable } from "./database.ts";

/** One connection of an ingest stream; a later connection has a higher epoch and fences this one. */
export interface StreamConnection {
  readonly ownerId: string;
  readonly streamId: string;
  readonly epoch: number;
  /** The owner's vectors stay out of the approximate index while it goes on. */
  readonly isBulk: boolean;
}

/** A refused item as it is kept until the client acknowledges it. */
export interface StreamFailure {
  readonly sequence: number;
  readonly idAtOrigin: string;
  /** The error in a form that the edge can turn into a status again. */
  readonly error: JsonValue;
}

/**
 * The last group before a stream ends may go over the bound. All are given back: a client acknowledges up to a sequence, and with it
 * any failure that it was not told.
 */
const failuresKeptMax = limits.streamFailuresMax + limits.bulkBatchItemsMax;

/** Opens a stream, new or not, and fences its earlier connections. */
export async function openStream(
  database: Database,
  key: Pick<StreamConnection, "ownerId" | "streamId" | "isBulk">,
  now: Date,
  signal?: AbortSignal,
): Promise<{ connection: StreamConnection; durableUpTo: number; failures: StreamFailure[] }> {
  const { rows } = await database.query<{ epoch: string; durable_up_to: string }>(
    "open_stream",
    `insert into ingest_streams as s (owner_id, stream_id, epoch, durable_up_to, updated_at, index_after)
     values ($1, $2, 1, 0, $3, $4)
     on conflict (owner_id, stream_id) do update
     set epoch = s.epoch + 1, updated_at = excluded.updated_at, index_after = excluded.index_after
     returning epoch, durable_up_to`,
    [key.ownerId, key.streamId, now, indexAfter(key, now)],
    signal,
  );
  const [row] = rows;
  if (!row) throw new Error("open_stream returned no row");
  const connection = { ...key, epoch: Number(row.epoch) };
  const isNew = connection.epoch === 1;
  // Only once the earlier connection is fenced: what it committed until then was not to be seen by the statement that waited for it.
  const failures = isNew ? [] : await readFailures(database, key, signal);
  return { connection, durableUpTo: Number(row.durable_up_to), failures };
}

async function readFailures(
  database: Database,
  { ownerId, streamId }: Pick<StreamConnection, "ownerId" | "streamId">,
  signal?: AbortSignal,
): Promise<StreamFailure[]> {
  const { rows } = await database.query<{ sequence: string; id_at_origin: string; error: JsonValue }>(
    "read_stream_failures",
    `select sequence, id_at_origin, error
     from ingest_failures
     where owner_id = $1 and stream_id = $2
     order by sequence
     limit $3`,
    [ownerId, streamId, failuresKeptMax],
    signal,
  );
  return rows.map(({ sequence, id_at_origin: idAtOrigin, error }) => ({ sequence: Number(sequence), idAtOrigin, error }));
}

/**
 * Moves a stream's position, with the failures up to it, in the transaction that stores the documents.
 *
 * @throws ConflictError with reason STREAM_FENCED if a later connection has taken the stream.
 */
export async function advanceStream(
  transaction: Queryable,
  connection: StreamConnection,
  progress: { durableUpTo: number; failures: readonly StreamFailure[]; now: Date },
): Promise<void> {
  const { rowCount } = await transaction.query(
    "advance_stream",
    `update ingest_streams set durable_up_to = $4, updated_at = $5, index_after = $6
     where owner_id = $1 and stream_id = $2 and epoch = $3`,
    [
      connection.ownerId,
      connection.streamId,
      connection.epoch,
      progress.durableUpTo,
      progress.now,
      indexAfter(connection, progress.now),
    ],
  );
  if (rowCount === 0) throw fenced(connection);
  if (progress.failures.length === 0) return;
  await transaction.query(
    "record_stream_failures",
    `insert into ingest_failures (owner_id, stream_id, sequence, id_at_origin, error)
     select $1, $2, * from unnest($3::bigint[], $4::text[], $5::jsonb[])`,
    [
      connection.ownerId,
      connection.streamId,
      progress.failures.map((failure) => failure.sequence),
      progress.failures.map((failure) => failure.idAtOrigin),
      progress.failures.map((failure) => JSON.stringify(failure.error)),
    ],
  );
}

/** Lets the vectors of a bulk load's owner into the approximate index, unless a later connection goes on with it. */
export async function endBulkLoad(database: Database, connection: StreamConnection, signal?: AbortSignal): Promise<void> {
  await database.query(
    "end_bulk_load",
    "update ingest_streams set index_after = null where owner_id = $1 and stream_id = $2 and epoch = $3",
    [connection.ownerId, connection.streamId, connection.epoch],
    signal,
  );
}

/** Forgets failures that the client has seen. */
export async function acknowledgeFailures(
  database: Database,
  connection: StreamConnection,
  upToSequence: number,
  signal?: AbortSignal,
): Promise<void> {
  await database.query(
    "acknowledge_stream_failures",
    "delete from ingest_failures where owner_id = $1 and stream_id = $2 and sequence <= $3",
    [connection.ownerId, connection.streamId, upToSequence],
    signal,
  );
}

/** Forgets streams that have not been used since `before`, with their failures; they cannot be resumed any more. */
export async function deleteExpiredStreams(database: Database, before: Date, signal?: AbortSignal): Promise<number> {
  const { rowCount } = await database.query(
    "delete_expired_streams",
    "delete from ingest_streams where updated_at < $1",
    [before],
    signal,
  );
  return rowCount;
}

/** A load that is interrupted may be gone on with so long before the index is built without its rest. */
function indexAfter({ isBulk }: Pick<StreamConnection, "isBulk">, now: Date): Date | undefined {
  return isBulk ? new Date(now.getTime() + limits.bulkPauseMs) : undefined;
}

function fenced(connection: StreamConnection): ConflictError {
  return new ConflictError("STREAM_FENCED", `stream "${connection.streamId}" was opened again by a later connection`);
}

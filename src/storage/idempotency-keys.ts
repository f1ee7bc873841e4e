import type { EnrichmentDegradation } from "../domain/enrichment.ts";
import type { Queryable } from "./database.ts";
import type { StoreResult } from "./store-documents.ts";

/** A key that a client gave to an add, so that the request may be repeated. */
export interface RequestKey {
  readonly ownerId: string;
  readonly idempotencyKey: string;
  /** SHA-256 of the request. */
  readonly requestHash: Buffer;
}

/** What became of the first request with a key. */
export interface RecordedAdd extends Pick<StoreResult, "outcome" | "chunksCreated" | "chunksKept" | "chunksRemoved"> {
  readonly requestHash: Buffer;
  readonly documentId: string;
  /** What a chat model was to write and did not. */
  readonly degraded: readonly EnrichmentDegradation[];
}

/** What became of the request with a key, if there was one at `since` or later. */
export async function findRecordedAdd(
  queryable: Queryable,
  key: Pick<RequestKey, "ownerId" | "idempotencyKey">,
  since: Date,
  signal?: AbortSignal,
): Promise<RecordedAdd | undefined> {
  const { rows } = await queryable.query<{
    request_hash: Buffer;
    document_id: string;
    outcome: StoreResult["outcome"];
    chunks_created: number;
    chunks_kept: number;
    chunks_removed: number;
    degraded: EnrichmentDegradation[];
  }>(
    "find_recorded_add",
    // The primary key
    `select request_hash, document_id, outcome, chunks_created, chunks_kept, chunks_removed, degraded
     from idempotency_keys
     where owner_id = $1 and idempotency_key = $2 and created_at >= $3`,
    [key.ownerId, key.idempotencyKey, since],
    signal,
  );
  const [row] = rows;
  if (!row) return undefined;
  return {
    requestHash: row.request_hash,
    documentId: row.document_id,
    outcome: row.outcome,
    chunksCreated: row.chunks_created,
    chunksKept: row.chunks_kept,
    chunksRemoved: row.chunks_removed,
    degraded: row.degraded,
  };
}

/**
 * Records what a request with a key does, in the transaction that does it. Of two that meet, the second waits for the first to end.
 *
 * @param times.since a record of before is forgotten.
 * @returns false if a request with this key is recorded already.
 */
export async function recordAdd(
  transaction: Queryable,
  key: RequestKey,
  result: StoreResult & Partial<Pick<RecordedAdd, "degraded">>,
  times: { readonly now: Date; readonly since: Date },
): Promise<boolean> {
  const { rowCount } = await transaction.query(
    "record_add",
    `insert into idempotency_keys as k (owner_id, idempotency_key, request_hash, document_id, outcome, chunks_created, chunks_kept,
       chunks_removed, degraded, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (owner_id, idempotency_key) do update
     set request_hash = excluded.request_hash, document_id = excluded.document_id, outcome = excluded.outcome,
         chunks_created = excluded.chunks_created, chunks_kept = excluded.chunks_kept, chunks_removed = excluded.chunks_removed,
         degraded = excluded.degraded, created_at = excluded.created_at
     where k.created_at < $11`,
    [
      key.ownerId,
      key.idempotencyKey,
      key.requestHash,
      result.document.documentId,
      result.outcome,
      result.chunksCreated,
      result.chunksKept,
      result.chunksRemoved,
      result.degraded ?? [],
      times.now,
      times.since,
    ],
  );
  return rowCount === 1;
}

/** Forgets requests of before a time, whoever's they are. */
export async function deleteExpiredKeys(queryable: Queryable, before: Date, signal?: AbortSignal): Promise<number> {
  const { rowCount } = await queryable.query(
    "delete_expired_keys",
    // idempotency_keys_by_created_at
    "delete from idempotency_keys where created_at < $1",
    [before],
    signal,
  );
  return rowCount;
}

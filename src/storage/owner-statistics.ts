import type { DocumentType } from "../domain/document.ts";
import type { Database } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";

export interface OwnerStatistics {
  readonly documentCount: number;
  readonly chunkCount: number;
  readonly totalSizeBytes: number;
  readonly embeddedChunkCount: number;
  readonly embeddingsPending: number;
  readonly embeddingsDead: number;
  /** Chunks that have no vector and wait for none, since their dead jobs were purged. */
  readonly embeddingsMissing: number;
  readonly documentTypes: readonly { readonly documentType: DocumentType; readonly documentCount: number }[];
  readonly firstCreatedAt: Date | undefined;
  readonly lastUpdatedAt: Date | undefined;
}

/** Counts what an owner has that has not expired by `now`, all in one statement and so of one moment. */
export async function readOwnerStatistics(
  database: Database,
  table: EmbeddingTable,
  ownerId: string,
  now: Date,
  signal?: AbortSignal,
): Promise<OwnerStatistics> {
  const { rows } = await database.query<{
    document_count: number;
    chunk_count: number;
    size_bytes: string;
    embedded: number;
    pending: number;
    dead: number;
    document_types: { document_type: DocumentType; document_count: number }[];
    first_created_at: Date | null;
    last_updated_at: Date | null;
  }>(
    "read_owner_statistics",
    // documents_of_owner_by_expiry for what has expired, which is little: it is swept every minute.
    `with expired as materialized (
       select document_id
       from documents
       where owner_id = $1 and expires_at <= $3),
     expired_chunks as materialized (
       select c.chunk_id
       from expired x
       join document_chunks c on c.owner_id = $1 and c.document_id = x.document_id),
     jobs as (
       select state
       from embedding_jobs
       where owner_id = $1 and model_id = $2 and chunk_id not in (select chunk_id from expired_chunks)),
     by_type as (
       select document_type, count(*)::integer as document_count, sum(chunk_count)::integer as chunk_count, sum(size_bytes) as size_bytes,
              min(created_at) as first_created_at, max(updated_at) as last_updated_at
       from documents
       where owner_id = $1 and (expires_at is null or expires_at > $3)
       group by document_type)
     select coalesce(sum(document_count), 0)::integer as document_count,
            coalesce(sum(chunk_count), 0)::integer as chunk_count,
            coalesce(sum(size_bytes), 0)::text as size_bytes,
            coalesce(jsonb_agg(jsonb_build_object('document_type', document_type, 'document_count', document_count)
              order by document_count desc, document_type), '[]') as document_types,
            min(first_created_at) as first_created_at,
            max(last_updated_at) as last_updated_at,
            (select count(*)::integer
             from ${table.tableName}
             where owner_id = $1 and document_id not in (select document_id from expired)) as embedded,
            (select count(*)::integer from jobs where state <> 'dead') as pending,
            (select count(*)::integer from jobs where state = 'dead') as dead
     from by_type`,
    [ownerId, table.modelId, now],
    signal,
  );
  const row = rows[0];
  if (!row) throw new Error("an aggregate returned no row");
  return {
    documentCount: row.document_count,
    chunkCount: row.chunk_count,
    totalSizeBytes: Number(row.size_bytes),
    embeddedChunkCount: row.embedded,
    embeddingsPending: row.pending,
    embeddingsDead: row.dead,
    embeddingsMissing: Math.max(0, row.chunk_count - row.embedded - row.pending - row.dead),
    documentTypes: row.document_types.map((type) => ({ documentType: type.document_type, documentCount: type.document_count })),
    firstCreatedAt: row.first_created_at ?? undefined,
    lastUpdatedAt: row.last_updated_at ?? undefined,
  };
}

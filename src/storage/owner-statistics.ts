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
  readonly documentTypes: readonly { readonly documentType: DocumentType; readonly documentCount: number }[];
  readonly firstCreatedAt: Date | undefined;
  readonly lastUpdatedAt: Date | undefined;
}

/** Counts what an owner has, all in one statement and so of one moment. */
export async function readOwnerStatistics(
  database: Database,
  table: EmbeddingTable,
  ownerId: string,
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
    `with by_type as (
       select document_type, count(*)::integer as document_count, sum(chunk_count)::integer as chunk_count, sum(size_bytes) as size_bytes,
              min(created_at) as first_created_at, max(updated_at) as last_updated_at
       from documents
       where owner_id = $1
       group by document_type)
     select coalesce(sum(document_count), 0)::integer as document_count,
            coalesce(sum(chunk_count), 0)::integer as chunk_count,
            coalesce(sum(size_bytes), 0)::text as size_bytes,
            coalesce(jsonb_agg(jsonb_build_object('document_type', document_type, 'document_count', document_count)
              order by document_count desc, document_type), '[]') as document_types,
            min(first_created_at) as first_created_at,
            max(last_updated_at) as last_updated_at,
            (select count(*)::integer from ${table.tableName} where owner_id = $1) as embedded,
            (select count(*)::integer from embedding_jobs where owner_id = $1 and model_id = $2 and state <> 'dead') as pending,
            (select count(*)::integer from embedding_jobs where owner_id = $1 and model_id = $2 and state = 'dead') as dead
     from by_type`,
    [ownerId, table.modelId],
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
    documentTypes: row.document_types.map((type) => ({ documentType: type.document_type, documentCount: type.document_count })),
    firstCreatedAt: row.first_created_at ?? undefined,
    lastUpdatedAt: row.last_updated_at ?? undefined,
  };
}

import { limits } from "../domain/limits.ts";
import type { Database } from "./database.ts";

export interface EmbeddingQueue {
  /** Jobs that wait or are being worked on. */
  readonly size: number;
  readonly dead: number;
  /** When the oldest job that waits was made. */
  readonly oldestCreatedAt: Date | undefined;
  /** The owners with most jobs, most first. */
  readonly owners: readonly OwnerQueue[];
}

export interface OwnerQueue {
  readonly ownerId: string;
  readonly size: number;
  readonly dead: number;
  readonly oldestCreatedAt: Date | undefined;
}

/** What waits for embedding, of one owner or of all. */
export async function readEmbeddingQueue(
  database: Database,
  ownerId: string | undefined,
  signal?: AbortSignal,
): Promise<EmbeddingQueue> {
  const { rows } = await database.query<{
    owner_id: string;
    size: number;
    dead: number;
    oldest: Date | null;
    total_size: number;
    total_dead: number;
    total_oldest: Date | null;
  }>(
    "read_embedding_queue",
    `select owner_id, size, dead, oldest,
            (sum(size) over ())::integer as total_size, (sum(dead) over ())::integer as total_dead, min(oldest) over () as total_oldest
     from (
       select owner_id,
              count(*) filter (where state <> 'dead')::integer as size,
              count(*) filter (where state = 'dead')::integer as dead,
              min(created_at) filter (where state <> 'dead') as oldest
       from embedding_jobs
       where $1::text is null or owner_id = $1
       group by owner_id) as owners
     order by size desc, dead desc, owner_id
     limit $2`,
    [ownerId ?? null, limits.queueOwnersListedMax],
    signal,
  );
  return {
    size: rows[0]?.total_size ?? 0,
    dead: rows[0]?.total_dead ?? 0,
    oldestCreatedAt: rows[0]?.total_oldest ?? undefined,
    owners: rows.map((row) => ({
      ownerId: row.owner_id,
      size: row.size,
      dead: row.dead,
      oldestCreatedAt: row.oldest ?? undefined,
    })),
  };
}

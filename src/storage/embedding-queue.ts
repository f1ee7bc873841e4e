import { limits } from "../domain/limits.ts";
import type { Database } from "./database.ts";

export interface EmbeddingQueue {
  /** Jobs that wait or are being worked on. */
  readonly size: number;
  /** Those of them that are being worked on, or were when a worker died. */
  readonly leased: number;
  readonly dead: number;
  /** When the oldest job that waits was made. */
  readonly oldestCreatedAt: Date | undefined;
  readonly deadReasons: readonly DeadReason[];
  /** The owners with most jobs, most first. */
  readonly owners: readonly OwnerQueue[];
}

/** Why jobs died; most frequent first where there are several. */
export interface DeadReason {
  readonly reason: string;
  readonly count: number;
}

export interface OwnerQueue {
  readonly ownerId: string;
  readonly size: number;
  readonly dead: number;
  readonly oldestCreatedAt: Date | undefined;
  readonly deadReasons: readonly DeadReason[];
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
    total_leased: number;
    total_dead: number;
    total_oldest: Date | null;
    dead_reasons: DeadReason[];
    all_dead_reasons: DeadReason[];
  }>(
    "read_embedding_queue",
    // embedding_jobs_dead for the reasons; the counts take the whole table, or an owner's part of the primary key.
    `with reasons as (
       select owner_id, coalesce(last_error, 'UNKNOWN') as reason, count(*)::integer as count
       from embedding_jobs
       where state = 'dead' and ($1::text is null or owner_id = $1)
       group by 1, 2)
     select owner_id, size, dead, oldest,
            (select ${listReasons} from reasons r where r.owner_id = owners.owner_id) as dead_reasons,
            (select ${listReasons} from (select reason, sum(count)::integer as count from reasons group by 1) as r) as all_dead_reasons,
            (sum(size) over ())::integer as total_size, (sum(leased) over ())::integer as total_leased,
            (sum(dead) over ())::integer as total_dead, min(oldest) over () as total_oldest
     from (
       select owner_id,
              count(*) filter (where state <> 'dead')::integer as size,
              count(*) filter (where state = 'leased')::integer as leased,
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
    leased: rows[0]?.total_leased ?? 0,
    dead: rows[0]?.total_dead ?? 0,
    oldestCreatedAt: rows[0]?.total_oldest ?? undefined,
    deadReasons: firstReasons(rows[0]?.all_dead_reasons),
    owners: rows.map((row) => ({
      ownerId: row.owner_id,
      size: row.size,
      dead: row.dead,
      oldestCreatedAt: row.oldest ?? undefined,
      deadReasons: firstReasons(row.dead_reasons),
    })),
  };
}

const listReasons = `coalesce(jsonb_agg(jsonb_build_object('reason', reason, 'count', count) order by count desc, reason), '[]')`;

function firstReasons(reasons: readonly DeadReason[] = []): readonly DeadReason[] {
  return reasons.slice(0, limits.deadReasonsListedMax);
}

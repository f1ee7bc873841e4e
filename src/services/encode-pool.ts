import type { PoolStatistics } from "../storage/database.ts";

/** Connections to the database, as AdminService tells of them. */
export function encodePool({ active, idle, total, waiting }: PoolStatistics) {
  return { active, idle, total, waiting };
}

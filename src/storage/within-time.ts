import { DeadlineExceededError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Queryable } from "./database.ts";

/**
 * Runs statements of a transaction that it can do without, for as long as there is time; the transaction goes on either way. The
 * embedded database knows no timeouts: there they run to their end.
 *
 * @param timeLeftMs until the deadline; undefined: there is none.
 * @returns undefined if there was not enough time.
 */
export async function withinTime<T>(
  transaction: Queryable,
  timeLeftMs: number | undefined,
  run: () => Promise<T>,
): Promise<T | undefined> {
  if (timeLeftMs === undefined) return await run();
  const timeoutMs = Math.floor(timeLeftMs) - limits.deadlineReserveMs;
  if (timeoutMs <= 0) return undefined;
  await transaction.query("begin_within_time", `savepoint within_time; set local statement_timeout to ${timeoutMs}`);
  try {
    const result = await run();
    await transaction.query("end_within_time", `set local statement_timeout to ${limits.statementTimeoutMs}`);
    return result;
  } catch (error) {
    if (!(error instanceof DeadlineExceededError)) throw error;
    await transaction.query("give_up_within_time", "rollback to savepoint within_time");
    return undefined;
  }
}

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { StartupError } from "../domain/errors.ts";

/** Keeps a data directory for one process; released by `release` or by the end of the process, however it ends. */
export interface DataDirectoryLock {
  release(): void;
}

/**
 * Locks a data directory. The lock is SQLite's file lock, held by the kernel: unlike a file with a process id it cannot be left
 * behind by `kill -9`, nor be fooled by containers in which every process is number 1.
 *
 * @throws StartupError if another process holds it.
 */
export async function lockDataDirectory(directory: string): Promise<DataDirectoryLock> {
  mkdirSync(directory, { recursive: true });
  const { DatabaseSync } = await importSqlite();
  const file = new DatabaseSync(join(directory, "lock"), { timeout: 0 });
  try {
    file.exec("pragma journal_mode = memory; begin exclusive");
  } catch (error) {
    file.close();
    throw new StartupError(
      `the data directory ${directory} is in use by another llmemory process; stop that one, or give this one a directory of its own with LLMEMORY_DATA_DIR`,
      { cause: error },
    );
  }
  return { release: () => file.close() };
}

/** Node marks its SQLite module as experimental and says so on stderr, where it would be the first thing a new user reads. */
async function importSqlite(): Promise<typeof import("node:sqlite")> {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return await import("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}

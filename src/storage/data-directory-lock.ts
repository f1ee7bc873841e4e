import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { StartupError } from "../domain/errors.ts";
import { messageOf } from "../domain/message-of.ts";

/** SQLite's result code for a lock that another connection holds (https://sqlite.org/rescode.html#busy). */
const sqliteBusy = 5;

/** Keeps a data directory for one process; released by `release` or by the end of the process, however it ends. */
export interface DataDirectoryLock {
  release(): void;
}

/**
 * Locks a data directory. The lock is SQLite's file lock, held by the kernel: unlike a file with a process id it cannot be left
 * behind by `kill -9`, nor be fooled by containers in which every process is number 1.
 *
 * @throws StartupError if another process holds it, or the directory cannot be written.
 */
export async function lockDataDirectory(directory: string): Promise<DataDirectoryLock> {
  const { DatabaseSync } = await importSqlite();
  const file = openLockFile(directory, DatabaseSync);
  try {
    file.exec("pragma journal_mode = memory; begin exclusive");
  } catch (error) {
    file.close();
    if (!isBusy(error)) throw cannotUse(directory, error);
    throw new StartupError(
      `the data directory ${directory} is in use by another llmemory process; stop that one, or give this one a directory of its own with LLMEMORY_DATA_DIR`,
      { cause: error },
    );
  }
  return { release: () => file.close() };
}

function openLockFile(directory: string, Sqlite: typeof DatabaseSync): DatabaseSync {
  try {
    mkdirSync(directory, { recursive: true });
    return new Sqlite(join(directory, "lock"), { timeout: 0 });
  } catch (error) {
    throw cannotUse(directory, error);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === sqliteBusy;
}

function cannotUse(directory: string, cause: unknown): StartupError {
  const reason = messageOf(cause);
  return new StartupError(
    `the data directory ${directory} cannot be used: ${reason}; make it writable, or choose another one with LLMEMORY_DATA_DIR`,
    { cause },
  );
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

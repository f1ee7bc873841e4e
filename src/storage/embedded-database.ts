import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import type { PoolConfig } from "pg";
import { StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { messageOf } from "../domain/message-of.ts";
import type { Logger } from "../observability/logger.ts";
import { lockDataDirectory } from "./data-directory-lock.ts";
import { EmbeddedConnection } from "./embedded-connection.ts";
import type {
  EmbeddedDatabaseThreadData,
  EmbeddedDatabaseThreadMessage,
  EmbeddedDatabaseThreadRequest,
} from "./embedded-database-thread.ts";

/** A PostgreSQL that runs inside this process, with its files in a data directory that no other process uses meanwhile. */
export interface EmbeddedDatabase {
  readonly connection: Pick<PoolConfig, "user" | "database" | "stream">;
  /** Writes everything and frees the directory; call it after the pool has ended. */
  stop(): Promise<void>;
}

/** Of the directory in which a database is being created. */
const temporaryPrefix = "pgdata.new-";

/**
 * Starts the embedded database.
 *
 * @throws StartupError if the directory is in use or cannot be opened.
 */
export async function startEmbeddedDatabase(deps: { logger: Logger }, dataDirectory: string): Promise<EmbeddedDatabase> {
  const lock = await lockDataDirectory(dataDirectory);
  const databaseDirectory = join(dataDirectory, "pgdata");
  let thread: Worker | undefined;
  let stopping = false;
  const cleanUp = async () => {
    stopping = true;
    await thread?.terminate();
    lock.release();
  };
  try {
    if (!existsSync(databaseDirectory)) await createDatabase(databaseDirectory);
    const running = startThread({ dataDirectory: databaseDirectory });
    thread = running;
    // Never settles by itself if the thread is gone already when somebody begins to wait for it.
    const exited = once(running, "exit").catch(() => undefined);
    const hasStopped = (reason: unknown) => {
      if (!stopping) deps.logger.error({ err: reason }, "the embedded database has stopped; restart llmemory");
    };
    running.on("error", hasStopped);
    const message = await firstMessage(running);
    if (message.type !== "ready") {
      throw cannotOpen(databaseDirectory, message.type === "failed" ? message.message : "it closed at once");
    }
    running.on("message", (later: EmbeddedDatabaseThreadMessage) => {
      if (later.type === "failed") hasStopped(new Error(later.message));
    });
    return {
      connection: { user: "postgres", database: "postgres", stream: () => new EmbeddedConnection(running) },
      async stop() {
        stopping = true;
        const closed = once(running, "message").catch(() => undefined);
        const request: EmbeddedDatabaseThreadRequest = { type: "stop" };
        running.postMessage(request);
        await Promise.race([closed, exited]);
        await cleanUp();
      },
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** Creates the database's files, aside, so that an interruption leaves no half database behind. */
async function createDatabase(databaseDirectory: string): Promise<void> {
  const parent = dirname(databaseDirectory);
  for (const name of await readdir(parent)) {
    if (name.startsWith(temporaryPrefix)) await rm(join(parent, name), { recursive: true, force: true });
  }
  const temporaryDirectory = await mkdtemp(join(parent, temporaryPrefix));
  const program = fileURLToPath(new URL(`./create-embedded-database${extname(import.meta.url)}`, import.meta.url));
  try {
    await promisify(execFile)(process.execPath, [program, temporaryDirectory]);
  } catch (error) {
    await rm(temporaryDirectory, { recursive: true, force: true });
    throw cannotOpen(databaseDirectory, messageOf(error), error);
  }
  await rename(temporaryDirectory, databaseDirectory);
}

function startThread(workerData: EmbeddedDatabaseThreadData): Worker {
  return new Worker(new URL(`./embedded-database-thread${extname(import.meta.url)}`, import.meta.url), {
    workerData,
    name: "embedded-database",
    resourceLimits: { maxYoungGenerationSizeMb: limits.threadYoungGenerationMiB },
  });
}

function cannotOpen(databaseDirectory: string, reason: string, cause?: unknown): StartupError {
  const message = `the embedded database cannot be opened under ${databaseDirectory}: ${reason}; move the directory away to start with an empty one`;
  return new StartupError(message, { cause });
}

async function firstMessage(thread: Worker): Promise<EmbeddedDatabaseThreadMessage> {
  const ended = new AbortController();
  try {
    return await Promise.race([
      once(thread, "message", { signal: ended.signal }).then(([message]): EmbeddedDatabaseThreadMessage => message),
      once(thread, "exit", { signal: ended.signal }).then(
        (): EmbeddedDatabaseThreadMessage => ({ type: "failed", message: "its thread has ended" }),
      ),
    ]);
  } finally {
    ended.abort();
  }
}

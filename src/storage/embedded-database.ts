import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { PoolConfig } from "pg";
import { StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Logger } from "../observability/logger.ts";
import { lockDataDirectory } from "./data-directory-lock.ts";
import type { EmbeddedDatabaseThreadData, EmbeddedDatabaseThreadMessage } from "./embedded-database-thread.ts";
import { threadUrl } from "./thread-url.ts";

/** A PostgreSQL that runs inside this process, with its files in a data directory that no other process uses meanwhile. */
export interface EmbeddedDatabase {
  readonly connection: Pick<PoolConfig, "host" | "port" | "user" | "database">;
  /** Writes everything and frees the directory; call it after the pool has ended. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded database.
 *
 * @throws StartupError if the directory is in use or cannot be opened.
 */
export async function startEmbeddedDatabase(deps: { logger: Logger }, dataDirectory: string): Promise<EmbeddedDatabase> {
  const lock = await lockDataDirectory(dataDirectory);
  const socketDirectory = process.platform === "win32" ? undefined : await mkdtemp(join(tmpdir(), "llmemory-"));
  // A socket in a directory of our own keeps other users of the machine out, which a port cannot.
  const listen = socketDirectory ? { path: join(socketDirectory, ".s.PGSQL.5432") } : { host: "127.0.0.1", port: 0 };
  const workerData: EmbeddedDatabaseThreadData = { dataDirectory: join(dataDirectory, "pgdata"), listen };
  const thread = new Worker(threadUrl("embedded-database-thread", import.meta.url), {
    workerData,
    name: "embedded-database",
    resourceLimits: { maxYoungGenerationSizeMb: limits.threadYoungGenerationMiB },
  });
  const cleanUp = async () => {
    await thread.terminate();
    if (socketDirectory) await rm(socketDirectory, { recursive: true, force: true });
    lock.release();
  };

  let stopping = false;
  thread.on("error", (error) => {
    if (!stopping) deps.logger.error({ err: error }, "the embedded database has stopped; restart llmemory");
  });
  try {
    const message = await firstMessage(thread);
    if (message.type !== "listening") {
      throw new StartupError(
        `the embedded database cannot be opened under ${dataDirectory}: ${message.type === "failed" ? message.message : "it closed at once"}; ` +
          "move the directory away to start with an empty one",
      );
    }
    return {
      connection: { user: "postgres", database: "postgres", ...socketConnection(socketDirectory, message.port) },
      async stop() {
        stopping = true;
        const closed = firstMessage(thread);
        thread.postMessage("stop");
        await closed;
        await cleanUp();
      },
    };
  } catch (error) {
    stopping = true;
    await cleanUp();
    throw error;
  }
}

function socketConnection(socketDirectory: string | undefined, port: number | undefined): { host: string; port: number } {
  return { host: socketDirectory ?? "127.0.0.1", port: port ?? 5432 };
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

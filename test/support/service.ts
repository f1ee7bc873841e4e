import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { repositoryDirectory } from "../../scripts/toolchains.ts";

/** A new embedded database takes about 5 s, several times that when test files share few cores. */
const readyTimeoutMs = 90_000;

/** After this a service that was asked to stop is killed, and `stop` fails. */
const stopTimeoutMs = 30_000;

export interface ServiceOptions {
  /** Where it stores; without it, an embedded database of its own that is removed at the end. */
  readonly database?: { readonly databaseUrl: string | undefined; readonly dataDirectory: string };
  /** Settings beyond the usual ones of a test: free ports, the hashing embedder. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Program and first arguments; without it, this repository's own source. */
  readonly command?: readonly [string, ...string[]];
}

export interface ServiceAddresses {
  /** host:port of gRPC over HTTP/2. */
  readonly grpcAddress: string;
  /** host:port of Connect and gRPC-Web over HTTP/1.1, metrics and health. */
  readonly httpAddress: string;
}

/** A real llmemory in a process of its own. */
export interface Service extends ServiceAddresses {
  readonly pid: number;
  /** Everything it has written to stderr so far: its logs. */
  readonly stderr: () => string;
  /** Sends a signal and waits until the process is gone. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
  /** Asks it to stop and waits. Gives the exit code; null: a signal ended it. Harmless once it is gone. */
  readonly stop: () => Promise<number | null>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** Starts `llmemory serve` and waits until it is ready. Use it as `await using service = await startService()`, or stop it. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const ownDirectory = options.database ? undefined : await mkdtemp(join(tmpdir(), "llmemory-service-"));
  const database = options.database ?? { databaseUrl: undefined, dataDirectory: join(ownDirectory ?? "", "data") };
  const [program, ...firstArguments] = options.command ?? [process.execPath, join(repositoryDirectory, "src/cli/main.ts")];
  const child = spawn(program, [...firstArguments, "serve"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...inheritedEnvironment(), ...databaseEnvironment(database), ...testEnvironment, ...options.environment },
  });
  const errorOutput: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => errorOutput.push(text));
  const stderr = () => errorOutput.join("");
  const closed = once(child, "close").then(async () => {
    if (ownDirectory !== undefined) await rm(ownDirectory, { recursive: true, force: true });
  });
  // A test process that dies without stopping its services takes them with it.
  const killNow = () => child.kill("SIGKILL");
  process.once("exit", killNow);
  child.once("exit", () => process.off("exit", killNow));

  let addresses: ServiceAddresses;
  try {
    addresses = await readReadyLine(child, stderr);
  } catch (error) {
    child.kill("SIGKILL");
    await closed;
    throw error;
  }
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await closed;
  };
  const stop = () => stopService(child, closed, stderr);
  const dispose = async () => {
    await stop();
  };
  return { ...addresses, pid: child.pid ?? 0, stderr, kill, stop, [Symbol.asyncDispose]: dispose };
}

const testEnvironment = {
  LLMEMORY_GRPC_ADDRESS: "127.0.0.1:0",
  LLMEMORY_HTTP_ADDRESS: "127.0.0.1:0",
  LLMEMORY_EMBEDDING_PROVIDER: "hashing",
};

/** Without the settings of the developer's own llmemory. */
function inheritedEnvironment(): Record<string, string | undefined> {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter(([name]) => !name.startsWith("LLMEMORY_") && name !== "DATABASE_URL"));
}

function databaseEnvironment(database: NonNullable<ServiceOptions["database"]>): Record<string, string> {
  const url = database.databaseUrl;
  return { LLMEMORY_DATA_DIR: database.dataDirectory, ...(url === undefined ? {} : { LLMEMORY_DATABASE_URL: url }) };
}

/** Waits for `llmemory ready grpc=HOST:PORT http=HOST:PORT`, the first and only line on stdout. */
async function readReadyLine(child: ChildProcess, stderr: () => string): Promise<ServiceAddresses> {
  if (child.stdout === null) throw new Error("the service was started without a pipe for stdout");
  const { promise, resolve, reject } = Promise.withResolvers<ServiceAddresses>();
  const lines = createInterface(child.stdout);
  lines.once("line", (line) => {
    const [, grpcAddress, httpAddress] = /^llmemory ready grpc=(\S+:\d+) http=(\S+:\d+)$/.exec(line) ?? [];
    if (grpcAddress !== undefined && httpAddress !== undefined) resolve({ grpcAddress, httpAddress });
    else reject(new Error(`the first line of the service is no ready line: ${line}`));
  });
  child.once("error", reject);
  child.once("close", (code, signal) => {
    reject(new Error(`the service ended with ${signal ?? `exit code ${code}`} before it was ready:\n${stderr()}`));
  });
  const timer = setTimeout(() => {
    reject(new Error(`the service was not ready within ${readyTimeoutMs} ms:\n${stderr()}`));
  }, readyTimeoutMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

async function stopService(child: ChildProcess, closed: Promise<void>, stderr: () => string): Promise<number | null> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, stopTimeoutMs);
  child.kill("SIGTERM");
  await closed;
  clearTimeout(timer);
  if (late) throw new Error(`the service did not stop within ${stopTimeoutMs} ms:\n${stderr()}`);
  return child.exitCode;
}

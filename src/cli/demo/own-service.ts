import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { UserError } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";

const startTimeoutMs = 60_000;
const stopTimeoutMs = 15_000;
const logLinesKept = 20;
const notForDemo = /^((LLMEMORY_|AWORD_)?DATABASE_URL|(LLMEMORY|AWORD)_TLS_.*)$/;

/** A service that runs as a child process until it is disposed of. */
export interface OwnService extends AsyncDisposable {
  /** Of gRPC: `http://host:port`. */
  readonly address: string;
}

/**
 * Starts `llmemory serve` on free ports of this machine and the embedded database, and waits until it is ready.
 *
 * @throws UserError with the last lines of its log if it ends or is not ready in time.
 */
export async function startOwnService(
  dataDirectory: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<OwnService> {
  const main = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url));
  const options = [
    "--grpc-address",
    "127.0.0.1:0",
    "--http-address",
    "127.0.0.1:0",
    "--data-dir",
    dataDirectory,
    "--log-level",
    "warn",
  ];
  // Neither a database of the user's nor a certificate is for demonstrations.
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => !notForDemo.test(name)));
  const child = spawn(process.execPath, [main, "serve", ...options], { stdio: ["ignore", "pipe", "pipe"], env });
  const log = keepLastLines(child);
  const service = { [Symbol.asyncDispose]: () => stop(child) };
  try {
    return { ...service, address: await readyAddress(child, AbortSignal.any([signal, AbortSignal.timeout(startTimeoutMs)])) };
  } catch (error) {
    await stop(child);
    signal.throwIfAborted();
    throw new UserError(["the service of the demo did not start:", ...log].join("\n"), exitCodes.failed, { cause: error });
  }
}

async function readyAddress(child: ChildProcess, signal: AbortSignal): Promise<string> {
  if (child.stdout === null) throw new Error("the child process has no stdout");
  const lines = createInterface({ input: child.stdout, signal });
  for await (const line of lines) {
    const address = /^llmemory ready grpc=(\S+)/.exec(line)?.[1];
    if (address !== undefined) return `http://${address}`;
  }
  throw new Error("the child process ended or took too long");
}

function keepLastLines(child: ChildProcess): readonly string[] {
  const last: string[] = [];
  if (child.stderr === null) return last;
  createInterface({ input: child.stderr }).on("line", (line) => {
    last.push(line);
    if (last.length > logLinesKept) last.shift();
  });
  return last;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const kill = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await exited;
  clearTimeout(kill);
}

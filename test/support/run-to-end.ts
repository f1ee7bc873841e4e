import { execFile } from "node:child_process";

export interface ProgramResult {
  /** null: a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const outputBytesMax = 64 * 1024 * 1024;

/** Runs a program and gives what it printed, whatever its exit code. Throws only if it cannot be started or takes too long. */
export async function runToEnd(
  program: string,
  programArguments: readonly string[],
  options: {
    readonly cwd?: string;
    /** Variables beyond this process's; undefined takes one away. */
    readonly environment?: Readonly<Record<string, string | undefined>>;
    readonly timeoutMs?: number;
  } = {},
): Promise<ProgramResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ProgramResult>();
  const settings = {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    timeout: options.timeoutMs ?? 240_000,
    maxBuffer: outputBytesMax,
  };
  execFile(program, programArguments, settings, (error, stdout, stderr) => {
    const code = error?.code;
    // Node gives a string if the program could not be started, and sets `killed` if the time ran out.
    if (typeof code === "string" || error?.killed) {
      reject(new Error(`${program} ${error?.killed ? "took too long" : "could not be run"}: ${stderr}`, { cause: error }));
    } else {
      resolve({ exitCode: error ? (code ?? null) : 0, stdout, stderr });
    }
  });
  return promise;
}

/** The same for a program that must succeed: gives what it printed to stdout. */
export async function outputOf(...parameters: Parameters<typeof runToEnd>): Promise<string> {
  const [program, programArguments] = parameters;
  const { exitCode, stdout, stderr } = await runToEnd(...parameters);
  if (exitCode !== 0)
    throw new Error(`${[program, ...programArguments].join(" ")} ended with ${exitCode}:\n${stderr}\n${stdout}`);
  return stdout;
}

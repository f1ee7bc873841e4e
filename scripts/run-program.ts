import { spawn } from "node:child_process";

/**
 * Runs a program with this terminal and waits for it.
 *
 * @throws Error if the program does not exist or ends with something else than 0.
 */
export async function runProgram(
  program: string,
  programArguments: readonly string[],
  options: { readonly cwd?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const child = spawn(program, programArguments, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...options.environment },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once("error", (error) => reject(new Error(`${program} could not be started: ${error.message}`, { cause: error })));
  child.once("close", (code, signal) => {
    if (code === 0) resolve();
    else reject(new Error(`${[program, ...programArguments].join(" ")} ended with ${signal ?? `exit code ${code}`}`));
  });
  await promise;
}

import type { CommandContext } from "./command-context.ts";
import { runCommandLine } from "./command-line.ts";
import { exitCodes } from "./exit-codes.ts";

/** Runs the command line on the real process and sets its exit code. */
export async function runProcess(): Promise<void> {
  // A reader that has seen enough, such as head, closes the pipe; that is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    throw error;
  });
  const interrupt = new AbortController();
  const context = processContext(interrupt.signal);
  await runCommandLine(process.argv.slice(2), context, () => listenForInterrupts(interrupt));
  process.exitCode = context.exitCode;
}

/** What a command has of the real process. */
export function processContext(signal: AbortSignal): CommandContext {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    signal,
    exitCode: exitCodes.ok,
  };
}

/** The first Ctrl-C lets the command stop cleanly, the second ends the process. */
function listenForInterrupts(interrupt: AbortController): void {
  const onSignal = () => {
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
    interrupt.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}

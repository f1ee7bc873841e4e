import { join } from "node:path";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { type ProgramResult, runToEnd } from "./run-to-end.ts";

/** Runs the command line of this repository's source to its end, without the settings of the developer's own llmemory. */
export async function runLlmemory(
  commandArguments: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ProgramResult> {
  const own = Object.keys(process.env).filter((name) => name.startsWith("LLMEMORY_") || name === "DATABASE_URL");
  const cleared = Object.fromEntries(own.map((name) => [name, undefined]));
  return await runToEnd(process.execPath, [join(repositoryDirectory, "src/cli/main.ts"), ...commandArguments], {
    environment: { ...cleared, ...environment },
    timeoutMs: 120_000,
  });
}

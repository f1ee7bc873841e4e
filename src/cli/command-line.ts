import { Command, CommanderError } from "commander";
import { packageVersion } from "../config/package-info.ts";
import type { CommandContext } from "./command-context.ts";
import { registerAdd } from "./commands/add.ts";
import { registerAlertManager } from "./commands/alert-manager.ts";
import { registerConfig } from "./commands/config.ts";
import { registerDelete } from "./commands/delete.ts";
import { registerDemo } from "./commands/demo.ts";
import { registerGet } from "./commands/get.ts";
import { registerHealth } from "./commands/health.ts";
import { registerIngest } from "./commands/ingest.ts";
import { registerList } from "./commands/list.ts";
import { registerModel } from "./commands/model.ts";
import { registerProfile } from "./commands/profile.ts";
import { registerQueue } from "./commands/queue.ts";
import { registerSearch } from "./commands/search.ts";
import { registerServerCommands } from "./commands/serve.ts";
import { registerStats } from "./commands/stats.ts";
import { exitCodes, exitCodesHelp } from "./exit-codes.ts";
import { reportError } from "./report-error.ts";

/** Called by commands that stop by `context.signal`; the others handle the process's signals themselves. */
export type ListenForInterrupts = () => void;

/**
 * Runs one command and leaves the exit code in the context. Never throws: what goes wrong is printed.
 *
 * @param args without the names of Node and of the script.
 */
export async function runCommandLine(
  args: readonly string[],
  context: CommandContext,
  listenForInterrupts: ListenForInterrupts,
): Promise<void> {
  try {
    await createProgram(context, listenForInterrupts).parseAsync([...args], { from: "user" });
  } catch (error) {
    // Commander has printed its own message already.
    if (error instanceof CommanderError) context.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    else reportError(error, context, { json: args.includes("--json") });
  }
}

/** All commands of llmemory. */
export function createProgram(context: CommandContext, listenForInterrupts: ListenForInterrupts): Command {
  const program = new Command("llmemory")
    .description("Long-term memory for LLM agents: a gRPC service over PostgreSQL and pgvector, and its client.")
    .version(packageVersion, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
      getOutHasColors: () => context.stdout.isTTY === true,
      getErrHasColors: () => context.stderr.isTTY === true,
    });
  program.commandsGroup("Service:");
  registerServerCommands(program, context);
  registerAlertManager(program, context);
  registerConfig(program, context);
  program.commandsGroup("Documents:");
  for (const register of [registerAdd, registerIngest, registerSearch, registerList, registerGet, registerDelete])
    register(program, context);
  program.commandsGroup("State:");
  for (const register of [registerStats, registerQueue, registerModel, registerHealth, registerProfile])
    register(program, context);
  program.commandsGroup("First steps:");
  registerDemo(program, context);
  program.addHelpText("after", `\n${exitCodesHelp}\n\nRun "llmemory COMMAND --help" for the options of a command.`);
  const serverCommands = new Set(["serve", "worker", "migrate"]);
  return program.hook("preAction", (_program, command) => {
    if (!serverCommands.has(command.name())) listenForInterrupts();
  });
}

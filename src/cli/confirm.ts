import { createInterface } from "node:readline/promises";
import { type CommandContext, UserError } from "./command-context.ts";
import { exitCodes } from "./exit-codes.ts";

/** Asks before something is deleted, on a terminal; elsewhere nobody could answer, so the command must be given --yes. */
export async function confirm(question: string, context: CommandContext): Promise<void> {
  if (!context.stdin.isTTY || !context.stderr.isTTY)
    throw new UserError("nobody can be asked whether to delete, since this is not a terminal; pass --yes", exitCodes.usage);
  const prompt = createInterface({ input: context.stdin, output: context.stderr });
  try {
    const answer = await prompt.question(`${question} [y/N] `, { signal: context.signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new UserError("nothing was deleted", exitCodes.failed);
  } finally {
    prompt.close();
  }
}

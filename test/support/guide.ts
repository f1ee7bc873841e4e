import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { type ProgramResult, runToEnd } from "./run-to-end.ts";
import type { ServiceAddresses } from "./service.ts";

/** A page of `docs`, and what a reader can copy from it. */
export interface Guide {
  readonly text: string;
  /** Of its `sh` blocks, one a line; lines that are indented, or end a loop, go on with the one before. */
  readonly commands: readonly string[];
  /** Of its `promql` blocks, parted by empty lines, each with its comments. */
  readonly queries: readonly string[];
  /** Its `json` blocks. */
  readonly answers: readonly string[];
}

export async function readGuide(name: string): Promise<Guide> {
  const text = await readFile(join(repositoryDirectory, "docs", name), "utf8");
  const blocks = (language: string) =>
    [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, block = ""]) => block.trim());
  return {
    text,
    commands: blocks("sh").flatMap((block) => block.split(/\n(?!\s|done\b)/)),
    queries: blocks("promql").flatMap((block) => block.split(/\n\n+/)),
    answers: blocks("json"),
  };
}

/** What commands must print: the first pattern that fits a command has what its output must match. */
export type GuideOutputs = readonly (readonly [command: RegExp, output: RegExp])[];

/** Runs a command, which must end well and print what the list says; one that the list does not know fails. */
export async function expectGuideOutput(
  outputs: GuideOutputs,
  ...[command, service, options]: Parameters<typeof runGuideCommand>
): Promise<void> {
  const { exitCode, stdout, stderr } = await runGuideCommand(command, service, options);
  expect(exitCode, stderr).toBe(0);
  const expected = outputs.find(([pattern]) => pattern.test(command))?.[1];
  expect(stdout).toMatch(expected ?? "an entry in the list of outputs");
}

/** Runs a command as a reader would who has llmemory installed, against a service at its own addresses. */
export async function runGuideCommand(
  command: string,
  { grpcAddress, httpAddress }: ServiceAddresses,
  options: { readonly cwd: string; readonly environment?: Readonly<Record<string, string>> },
): Promise<ProgramResult> {
  const main = join(repositoryDirectory, "src/cli/main.ts");
  const script = `llmemory() { '${process.execPath}' '${main}' "$@"; }\n${command.replace("127.0.0.1:8080", httpAddress)}`;
  const environment = { LLMEMORY_GRPC_ADDRESS: grpcAddress, ...options.environment };
  return await runToEnd("bash", ["-c", script], { cwd: options.cwd, environment });
}

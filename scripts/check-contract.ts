/**
 * Checks that the contract stays compatible with the commit that this work is based on: where it left the main branch, or on the main
 * branch itself the commit before. LLMEMORY_CONTRACT_BASE names another commit.
 */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { runProgram } from "./run-program.ts";
import { repositoryDirectory } from "./toolchains.ts";

const base = process.env.LLMEMORY_CONTRACT_BASE || findBase();
if (base === undefined || !holdsContract(base)) {
  console.log(`contract: not compared, since ${base === undefined ? "there is no earlier commit" : `${base} has no contract`}`);
} else {
  const gitDirectory = resolve(repositoryDirectory, git("rev-parse", "--git-common-dir") ?? ".git");
  await runProgram("buf", ["breaking", "--against", `${gitDirectory}#ref=${base}`], { cwd: repositoryDirectory });
  console.log(`contract: compatible with ${base}`);
}

function findBase(): string | undefined {
  const head = git("rev-parse", "HEAD");
  const branches = ["origin/main", "main"];
  const forks = branches.map((branch) => git("merge-base", "HEAD", branch));
  return forks.find((fork) => fork !== undefined && fork !== head) ?? git("rev-parse", "--verify", "HEAD~1");
}

function holdsContract(commit: string): boolean {
  return git("cat-file", "-e", `${commit}:proto/llmemory/v1/memory_service.proto`) !== undefined;
}

/** What git prints; undefined if it fails, such as for a commit that a shallow clone lacks. */
function git(...gitArguments: string[]): string | undefined {
  const result = spawnSync("git", gitArguments, { cwd: repositoryDirectory, encoding: "utf8" });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

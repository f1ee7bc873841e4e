/** Checks the dashboards with Grafana's own linter. Needs Go; building the linter for the first time takes minutes. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";
import { repositoryDirectory } from "./toolchains.ts";

const directory = join(repositoryDirectory, "deploy/grafana/dashboards");
const cwd = join(repositoryDirectory, "scripts/dashboard-linter");

for (const name of readdirSync(directory)) {
  console.log(`${name}:`);
  await runProgram("go", ["tool", "dashboard-linter", "lint", "--strict", join(directory, name)], { cwd });
}

/** Compiles `src` into `dist`, which the package and the image ship: Node does not run TypeScript below node_modules. */
import { cpSync, globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";
import { repositoryDirectory } from "./toolchains.ts";

const sourceDirectory = join(repositoryDirectory, "src");
const buildDirectory = join(repositoryDirectory, "dist");

rmSync(buildDirectory, { recursive: true, force: true });
await runProgram("tsc", ["--project", "tsconfig.build.json"], { cwd: repositoryDirectory });
// tsc compiles TypeScript alone; the migrations are read from beside the code that runs them.
for (const asset of globSync("**/*.sql", { cwd: sourceDirectory })) {
  cpSync(join(sourceDirectory, asset), join(buildDirectory, asset));
}

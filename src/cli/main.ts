#!/usr/bin/env node
import { nodeVersionProblem } from "./node-version.ts";
import { applyProcessSettings } from "./process-settings.ts";

// Everything else is imported after the check, since it needs a newer Node than the one that may be running.
const problem = nodeVersionProblem(process.versions.node);
if (problem === undefined) {
  applyProcessSettings();
  const { runProcess } = await import("./run-process.ts");
  await runProcess();
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}

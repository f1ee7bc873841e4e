import { expect, it } from "vitest";
import { nodeVersionProblem } from "../../src/cli/node-version.ts";

it.each(["24.0.0", "24.21.0", "26.1.0"])("runs on Node %s", (version) => {
  expect(nodeVersionProblem(version)).toBeUndefined();
});

it.each(["20.19.5", "22.18.0", "9.9.9"])("says why not on Node %s, and what to do", (version) => {
  const problem = nodeVersionProblem(version);
  expect(problem).toContain(`this is Node ${version}.`);
  expect(problem).toContain('Run "npm ci" again');
});

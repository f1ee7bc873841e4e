/**
 * Sums up a run of `.ci/run`, whose folder is the argument: its file `checks` has a line `ok` or `failed`, a tab and the name per check, and
 * `NAME.json` is vitest's report of a check that is a set of tests. The last line is `N passed, N failed`, in tests; a check that fails
 * without a failed test counts as one failure.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** One per test file. */
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { readonly status: string }[] }[];
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: summarize-checks.ts FOLDER");
const checks = readFileSync(join(folder, "checks"), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t"));

let passed = 0;
let failed = 0;
console.log();
for (const [outcome, name] of checks) {
  const tests = readTests(join(folder, `${name}.json`));
  const failures = outcome === "failed" ? Math.max(1, tests?.failed ?? 0) : (tests?.failed ?? 0);
  passed += tests?.passed ?? 0;
  failed += failures;
  console.log(`${name}: ${outcome}${tests ? ` (${tests.passed} tests passed, ${tests.failed} failed)` : ""}`);
}
console.log(`\n${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;

function readTests(reportFile: string): { readonly passed: number; readonly failed: number } | undefined {
  if (!existsSync(reportFile)) return undefined;
  const report = JSON.parse(readFileSync(reportFile, "utf8")) as VitestReport;
  // A file may fail as a whole: it does not load, or leaves a worker behind.
  const failedFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((result) => result.status !== "failed"),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + failedFiles.length };
}

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { runToEnd } from "./run-to-end.ts";

interface JsonReport {
  readonly testResults: readonly { readonly name: string; readonly status: string; readonly message: string }[];
}

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmemory-leaks-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

test("a test file that leaves something behind fails and says what", async () => {
  const vitest = join(repositoryDirectory, "node_modules/vitest/vitest.mjs");
  const config = join(repositoryDirectory, "test/support/testdata/leaks/vitest.config.ts");
  const reportFile = join(directory, "report.json");
  const vitestArguments = [vitest, "run", `--config=${config}`, "--reporter=json", `--outputFile=${reportFile}`];
  await runToEnd(process.execPath, vitestArguments, { cwd: repositoryDirectory });
  const report = JSON.parse(await readFile(reportFile, "utf8")) as JsonReport;
  const outcomes = report.testResults.map(({ name, status, message }) => `${basename(name)} ${status}: ${message}`);
  expect(outcomes.toSorted()).toEqual([
    expect.stringMatching(/^connection\.leak\.ts failed: .*leaves behind 2 × TCP connection, 1 × TCP listener/),
    expect.stringMatching(/^none\.leak\.ts passed/),
    expect.stringMatching(/^timer\.leak\.ts failed: .*leaves behind 1 × timer/),
    expect.stringMatching(/^worker\.leak\.ts failed: .*leaves behind 1 × worker thread/),
  ]);
});

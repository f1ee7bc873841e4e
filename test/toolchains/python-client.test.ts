import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pythonProgram, repositoryDirectory } from "../../scripts/toolchains.ts";
import { outputOf } from "../support/run-to-end.ts";
import { startService } from "../support/service.ts";
import { expectClientReport } from "./client-report.ts";

test("a Python client with the installed package adds, searches, ingests, meets its deadline and reads error details", async () => {
  const directory = await mkdtemp(join(tmpdir(), "llmemory-python-client-"));
  try {
    const installed = join(directory, "installed");
    await installClientPackage(directory, installed);
    await using service = await startService();
    const script = join(repositoryDirectory, "test/toolchains/python/client.py");
    const options = { environment: { PYTHONPATH: installed } };
    expectClientReport(await outputOf(pythonProgram, [script, "--address", service.grpcAddress], options));
    expect(await service.stop()).toBe(0);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

/** Builds and installs gen/python as pip does for a user, from a copy, since building leaves files beside the source. */
async function installClientPackage(directory: string, target: string): Promise<void> {
  const source = join(directory, "source");
  await cp(join(repositoryDirectory, "gen/python"), source, { recursive: true });
  const pipArguments = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", target, source];
  await outputOf(pythonProgram, pipArguments);
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { outputOf } from "../support/run-to-end.ts";
import { startService } from "../support/service.ts";
import { expectClientReport } from "./client-report.ts";

test("a Go client adds, searches, ingests, meets its deadline and reads error details", async () => {
  const directory = await mkdtemp(join(tmpdir(), "llmemory-go-client-"));
  try {
    const client = join(directory, "client");
    const source = join(repositoryDirectory, "test/toolchains/go");
    await outputOf("go", ["build", "-o", client, "."], { cwd: source });
    await using service = await startService();
    expectClientReport(await outputOf(client, ["-address", service.grpcAddress]));
    expect(await service.stop()).toBe(0);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

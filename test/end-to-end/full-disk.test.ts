import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connectTo } from "../support/rpc-clients.ts";
import { startService } from "../support/service.ts";

// A small disk in memory; only root may mount one.
const mountPoint = await mkdtemp(join(tmpdir(), "llmemory-disk-"));
const canMount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=224m", "llmemory-test", mountPoint]).status === 0;

describe.skipIf(!canMount)("a full disk under the embedded database", () => {
  const ownerId = "ada";
  const dataDirectory = join(mountPoint, "data");

  beforeAll(() => cpSync(inject("embeddedTemplate"), join(dataDirectory, "pgdata"), { recursive: true }));
  afterAll(async () => {
    spawnSync("umount", [mountPoint]);
    await rm(mountPoint, { recursive: true, force: true });
  });

  it("loses nothing that was acknowledged, and takes more when there is room again", { timeout: 600_000 }, async () => {
    const acknowledged: string[] = [];
    let failure: unknown;
    {
      await using service = await startService({ database: { databaseUrl: undefined, dataDirectory } });
      const clients = connectTo(service);
      // All but a little of the disk is taken by others.
      const free = Number(spawnSync("df", ["--output=avail", "-B1", mountPoint], { encoding: "utf8" }).stdout.split("\n")[1]);
      await writeFile(join(mountPoint, "others"), Buffer.alloc(Math.max(0, free - 32 * 1024 * 1024)));
      for (let index = 0; failure === undefined && index < 2_000; index++) {
        try {
          await clients.memory.addDocument({ ownerId, idAtOrigin: String(index), content: contentOf(index) });
          acknowledged.push(String(index));
        } catch (error) {
          failure = error;
        }
      }
      clients.close();
      // A full disk fails a statement, or ends PostgreSQL where it meets the write-ahead log.
      expect(service.stderr()).toMatch(/the database has no space left|the embedded database has stopped; restart llmemory/);
      await service.kill("SIGKILL");
    }
    expect(failure).toBeInstanceOf(ConnectError);
    expect(acknowledged.length).toBeGreaterThan(0);
    await rm(join(mountPoint, "others"));

    await using service = await startService({ database: { databaseUrl: undefined, dataDirectory } });
    const clients = connectTo(service);
    for (const idAtOrigin of acknowledged) {
      const key = { case: "idAtOrigin" as const, value: idAtOrigin };
      const { content } = await clients.memory.getDocument({ ownerId, key, includeContent: true });
      expect(content).toBe(contentOf(Number(idAtOrigin)));
    }
    await clients.memory.addDocument({ ownerId, idAtOrigin: "later", content: contentOf(acknowledged.length) });
    const { documentCount } = await clients.admin.getOwnerStatistics({ ownerId });
    console.log(
      `full disk: ${acknowledged.length} documents acknowledged, ${documentCount} stored; then ${ConnectError.from(failure).message}`,
    );
    // The one that failed may be stored all the same, as after any lost answer.
    expect([acknowledged.length + 1, acknowledged.length + 2]).toContain(Number(documentCount));
    clients.close();
  });
});

function contentOf(index: number): string {
  return Array.from(
    { length: 400 },
    (_, line) => `Line ${line} of document ${index}: ${(index * 7_919 + line * 104_729).toString(36)}.`,
  ).join("\n");
}

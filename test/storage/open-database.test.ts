import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { openDatabase } from "../../src/storage/open-database.ts";
import { embeddedDatabase, testDatabases } from "../support/databases.ts";
import { schema, silentLogger } from "../support/test-storage.ts";

const deps = { metrics: createMetrics({ ownerLabels: false, version: "test" }), logger: silentLogger };
const settings = { schema, databasePoolSizeMax: 4, slowQueryMs: 60_000 };

describe.each(testDatabases())("opening $name", ({ name, create }) => {
  it("names the server's version, and finds what was stored before", async () => {
    const fresh = await create();
    try {
      const first = await openDatabase(deps, { ...settings, ...fresh });
      expect(first.kind).toBe(name);
      expect(first.version).toMatch(name === "embedded" ? /^PostgreSQL \d+\.\d+ \(embedded\)$/ : /^PostgreSQL \d+\.\d+/);
      expect(first.poolStatistics().total).toBe(name === "embedded" ? 1 : 4);
      await migrate(first, schema);
      await first.query("fill", "insert into owner_counters values ('owner', 'english', 1, 2, 3)");
      await first.close();
      const second = await openDatabase(deps, { ...settings, ...fresh });
      expect(await migrate(second, schema)).toEqual([]);
      expect((await second.query("look", "select chunk_count from owner_counters")).rowCount).toBe(1);
      await second.close();
    } finally {
      await fresh.drop();
    }
  });
});

describe("opening the embedded database", () => {
  it("is refused while another one has the data directory, which goes on working", async () => {
    const fresh = await embeddedDatabase.create();
    try {
      const database = await openDatabase(deps, { ...settings, ...fresh });
      await expect(openDatabase(deps, { ...settings, ...fresh })).rejects.toThrow(StartupError);
      await expect(openDatabase(deps, { ...settings, ...fresh })).rejects.toThrow("in use by another llmemory process");
      expect((await database.query("still", "select 1")).rowCount).toBe(1);
      await database.close();
    } finally {
      await fresh.drop();
    }
  });

  it("is refused where the directory holds something else, and leaves the directory unlocked", async () => {
    const directory = await mkdtemp(join(tmpdir(), "llmemory-broken-"));
    try {
      await mkdir(join(directory, "pgdata"));
      await writeFile(join(directory, "pgdata", "PG_VERSION"), "9.6\n");
      const opening = () => openDatabase(deps, { ...settings, databaseUrl: undefined, dataDirectory: directory });
      await expect(opening).rejects.toThrow(StartupError);
      await expect(opening).rejects.toThrow(/cannot be opened under .*; move the directory away/);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

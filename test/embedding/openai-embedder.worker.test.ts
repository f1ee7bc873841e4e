import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import type { EmbeddingSettings } from "../../src/embedding/embedding-model-spec.ts";
import { EmbeddingWorker } from "../../src/embedding/embedding-worker.ts";
import { observeProvider } from "../../src/embedding/observed-provider.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import {
  type EmbeddingBehaviour,
  type EmbeddingServer,
  embedInto,
  sendVectors,
  startEmbeddingServer,
} from "../support/embedding-server.ts";
import { cutConnection, failWith, sendText } from "../support/endpoint-server.ts";
import { openTestEmbedder } from "../support/openai-embedders.ts";
import { randomNumbers } from "../support/random-numbers.ts";
import { dimension, newOwner } from "../support/test-storage.ts";

const documentCount = 120;

const faults: readonly EmbeddingBehaviour[] = [
  failWith(500),
  failWith(503),
  failWith(429, {}, { "retry-after-ms": "20" }),
  cutConnection,
  sendText(200, '{"data":[{"index":0,"embedding":[NaN'),
  sendVectors([]),
];

let server: EmbeddingServer;

beforeAll(async () => {
  server = await startEmbeddingServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
});

describe.each(testDatabases())("a worker on $name whose endpoint fails", (kind) => {
  const deps = useDocuments(kind);

  /** Runs a worker on the endpoint until a condition holds; returns what it has logged. */
  async function withWorker(settings: Partial<EmbeddingSettings>, run: () => Promise<void>): Promise<string> {
    const logLines: string[] = [];
    const logger = pino({ level: "trace" }, { write: (line: string) => logLines.push(line) });
    const provider = await openTestEmbedder(server.baseUrl, { spec: { dimension }, settings });
    const worker = new EmbeddingWorker({ ...deps(), logger, provider: observeProvider(provider, deps().metrics) });
    try {
      await run();
    } finally {
      await worker.stop();
      await provider.close();
    }
    return logLines.join("");
  }

  async function add(ownerId: string, contents: readonly string[]): Promise<void> {
    await addDocuments(
      deps(),
      contents.map((content) => newDocument({ ownerId, content })),
      never,
    );
  }

  async function countsOf(ownerId: string): Promise<{ vectors: number; jobs: number }> {
    const { database, table } = deps();
    const { rows } = await database.query<{ vectors: number; jobs: number }>(
      "count",
      `select (select count(*)::int from ${table.tableName} where owner_id = $1) as vectors,
              (select count(*)::int from embedding_jobs where owner_id = $1) as jobs`,
      [ownerId],
    );
    return rows[0] ?? { vectors: 0, jobs: 0 };
  }

  async function jobErrorsOf(ownerId: string): Promise<unknown[]> {
    const { rows } = await deps().database.query("look", "select last_error from embedding_jobs where owner_id = $1", [ownerId]);
    return rows.map((row) => Object.values(row)[0]);
  }

  it("three times of ten, at random and in every way, ends with every vector and no job", async () => {
    const random = randomNumbers(7);
    let failed = 0;
    server.behave((request, response) => {
      const isFault = random() < 0.3;
      if (isFault) failed++;
      const fault = faults[Math.floor(random() * faults.length)];
      (isFault && fault ? fault : embedInto(dimension))(request, response);
    });
    const ownerId = newOwner();
    await add(
      ownerId,
      Array.from({ length: documentCount }, (_, index) => `marigold number ${index}`),
    );
    const log = await withWorker({ embeddingBatchSize: 4 }, () =>
      expect.poll(() => countsOf(ownerId), { timeout: 90_000 }).toEqual({ vectors: documentCount, jobs: 0 }),
    );
    const sent = server.requests.reduce((sum, { body }) => sum + body.input.length, 0);
    console.log(`${kind.name}: ${documentCount} chunks, ${server.requests.length} requests with ${sent} texts, ${failed} failed`);
    expect(failed).toBeGreaterThan(0);
    expect(log).not.toMatch(/marigold|marjoram/);
  }, 120_000);

  it.each([
    { status: 400, reason: "REFUSED" },
    { status: 500, reason: "SERVER_ERROR" },
  ])("with status $status for one text alone, embeds its neighbours", async ({ status, reason }) => {
    server.behave((request, response) => {
      const isPoisoned = request.body.input.some((text) => text.includes("poison"));
      (isPoisoned ? failWith(status) : embedInto(dimension))(request, response);
    });
    const ownerId = newOwner();
    await add(ownerId, ["fine 1", "fine 2", "poison", "fine 3", "fine 4"]);
    const log = await withWorker({}, () =>
      expect.poll(() => countsOf(ownerId), { timeout: 30_000 }).toEqual({ vectors: 4, jobs: 1 }),
    );
    expect(await jobErrorsOf(ownerId)).toEqual([reason]);
    expect(log).not.toMatch(/marjoram|poison/);
  });

  it("because its vectors have another dimension, says so of the jobs, which wait and lose no attempt", async () => {
    server.behave(embedInto(dimension / 2));
    const ownerId = newOwner();
    await add(ownerId, ["one", "two"]);
    await withWorker({}, async () => {
      await expect.poll(() => jobErrorsOf(ownerId), { timeout: 30_000 }).toEqual(["WRONG_DIMENSION", "WRONG_DIMENSION"]);
      server.behave(embedInto(dimension));
      await expect.poll(() => countsOf(ownerId), { timeout: 30_000 }).toEqual({ vectors: 2, jobs: 0 });
    });
  });
});

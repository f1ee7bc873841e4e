import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { HealthCheckResponse_ServingStatus as ServingStatus } from "#gen/grpc/health/v1/health_pb.js";
import { WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { Degradation } from "#gen/llmemory/v1/search_service_pb.js";
import { testDatabases } from "../support/databases.ts";
import { type EmbeddingServer, embedInto, sendVectors, startEmbeddingServer } from "../support/embedding-server.ts";
import { failWith } from "../support/endpoint-server.ts";
import { connectTo } from "../support/rpc-clients.ts";
import { startService } from "../support/service.ts";
import { newOwner } from "../support/test-storage.ts";

const apiKey = "sk-test-sorrel";
const dimension = 64;

let server: EmbeddingServer;

beforeAll(async () => {
  server = await startEmbeddingServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.requests.length = 0;
});

function environment(): Record<string, string> {
  return {
    LLMEMORY_EMBEDDING_PROVIDER: "openai",
    LLMEMORY_EMBEDDING_MODEL: "test-model",
    LLMEMORY_EMBEDDING_DIMENSION: String(dimension),
    LLMEMORY_EMBEDDING_BASE_URL: server.baseUrl,
    LLMEMORY_EMBEDDING_API_KEY: apiKey,
    LLMEMORY_LOG_LEVEL: "trace",
  };
}

describe.each(testDatabases())("a service on $name whose model is behind an endpoint", (kind) => {
  test("starts while that is down, finds by words, embeds what waited when it is back, and never tells the key", async () => {
    const database = await kind.create();
    server.behave(failWith(503));
    const service = await startService({ database, environment: environment() });
    const { memory, search, health, close } = connectTo(service);
    try {
      const ownerId = newOwner();
      const document = { ownerId, idAtOrigin: "notes", content: "The caretaker keeps the wisteria by the gate." };
      await memory.addDocument(document);
      const query = { ownerId, queryText: "wisteria" };
      const byWords = await search.search(query);
      expect(byWords.results).toHaveLength(1);
      expect(byWords.receipt?.degraded).toContain(Degradation.EMBEDDER_UNAVAILABLE);
      expect(await health.check({ service: "embeddings" })).toMatchObject({ status: ServingStatus.NOT_SERVING });
      expect(await health.check({ service: "" })).toMatchObject({ status: ServingStatus.SERVING });

      server.behave(embedInto(dimension));
      await memory.addDocument({ ...document, waitUntil: WaitUntil.SEARCHABLE }, { timeoutMs: 60_000 });
      const { results, receipt } = await search.search(query);
      expect(results[0]).toMatchObject({ idAtOrigin: "notes", similarity: expect.any(Number) });
      expect(receipt?.degraded).toEqual([]);
      expect(server.requests.every(({ authorization }) => authorization === `Bearer ${apiKey}`)).toBe(true);

      const metrics = await (await fetch(`http://${service.httpAddress}/metrics`)).text();
      expect(metrics).toMatch(/memory_embeddings_failed_total\{provider="openai",reason="(server_error|resting)"\} [1-9]/);
      expect(metrics).toMatch(/memory_embeddings_generated_total\{provider="openai",model="test-model"\} [1-9]/);
      const report = await (await fetch(`http://${service.httpAddress}/health?force=1`)).text();
      expect(service.stderr()).toContain("the embedding endpoint does not work");
      for (const told of [service.stderr(), metrics, report]) expect(told).not.toMatch(/sorrel|wisteria/);
    } finally {
      close();
      expect(await service.stop()).toBe(0);
      await database.drop();
    }
  }, 120_000);

  test("does not start on vectors of another dimension, and says what to do", async () => {
    const database = await kind.create();
    server.behave(sendVectors([[1, 2, 3, 4, 5]]));
    try {
      await expect(startService({ database, environment: environment() })).rejects.toThrow(/set LLMEMORY_EMBEDDING_DIMENSION=5/);
    } finally {
      await database.drop();
    }
  }, 120_000);
});

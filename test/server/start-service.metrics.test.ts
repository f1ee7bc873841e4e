import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { formatAddress } from "../../src/config/listen-address.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { type RunningService, startService } from "../../src/server/start-service.ts";
import { errorOf } from "../support/call-error.ts";
import { type FreshDatabase, testDatabases } from "../support/databases.ts";
import { type EmbeddingServer, embedInto, refuse, startEmbeddingServer } from "../support/embedding-server.ts";
import { connectTo } from "../support/rpc-clients.ts";

/** Names and labels of llmemory's monitoring guide, and samples that have to be among those that the workload below moves. */
const guide: Readonly<Record<string, string>> = {
  memory_documents_total: 'owner_id="ada",document_type="markdown"',
  memory_document_processing_seconds_count: 'owner_id="ada",document_type="markdown"',
  memory_document_size_bytes_sum: 'owner_id="ada",document_type="markdown"',
  memory_chunks_per_document_sum: 'owner_id="ada",document_type="markdown"',
  memory_search_requests_total: 'owner_id="ada",search_type="hybrid"',
  memory_search_duration_seconds_count: 'owner_id="ada",search_type="hybrid"',
  memory_search_results_count_sum: 'owner_id="ada",search_type="hybrid"',
  memory_search_cache_hits_total: 'owner_id="ada"',
  memory_search_cache_misses_total: 'owner_id="ada"',
  memory_embeddings_generated_total: 'provider="openai",model="test-model"',
  memory_embedding_duration_seconds_count: 'provider="openai",model="test-model"',
  memory_embedding_queue_size: 'owner_id="bob"',
  memory_embeddings_failed_total: 'provider="openai",reason="refused"',
  memory_db_pool_size: 'status="total"',
  memory_db_query_duration_seconds_count: 'query_type="read_search_facts"',
  memory_db_slow_queries_total: "query_type=",
  // 42 is PostgreSQL's class of statements that name what does not exist.
  memory_db_errors_total: 'error_type="42"',
};

/** What the service has beside the guide's. */
const more: Readonly<Record<string, string>> = {
  grpc_server_started_total: 'grpc_method="Search",grpc_type="unary"',
  grpc_server_handled_total: 'grpc_method="AddDocument",grpc_type="unary",grpc_code="OK"',
  grpc_server_handling_seconds_count: 'grpc_method="Search"',
  grpc_server_msg_received_total: 'grpc_method="Search"',
  grpc_server_msg_sent_total: 'grpc_method="Search"',
  memory_embedding_queue_oldest_age_seconds: "",
  memory_embedding_jobs: 'state="pending"',
  memory_embedding_jobs_claimed_total: "model=",
  memory_embedding_jobs_settled_total: 'outcome="embedded"',
  memory_cache_bytes: 'cache="result"',
  memory_cache_entries: 'cache="query"',
  nodejs_eventloop_lag_max_seconds: "",
  process_resident_memory_bytes: "",
  process_cpu_seconds_total: "",
  llmemory_build_info: "version=",
};

describe.each(testDatabases())("the metrics of a service on $name after some work, some of which failed", (kind) => {
  let database: FreshDatabase;
  let server: EmbeddingServer;
  let service: RunningService;
  let scrape: readonly string[];

  beforeAll(async () => {
    database = await kind.create();
    server = await startEmbeddingServer();
    server.behave(refuse((text) => text.includes("poison"), embedInto(64)));
    service = await startService(
      loadSettings({
        ...(database.databaseUrl === undefined ? {} : { DATABASE_URL: database.databaseUrl }),
        LLMEMORY_DATA_DIR: database.dataDirectory,
        LLMEMORY_GRPC_ADDRESS: "127.0.0.1:0",
        LLMEMORY_HTTP_ADDRESS: "127.0.0.1:0",
        LLMEMORY_EMBEDDING_PROVIDER: "openai",
        LLMEMORY_EMBEDDING_MODEL: "test-model",
        LLMEMORY_EMBEDDING_DIMENSION: "64",
        LLMEMORY_EMBEDDING_BASE_URL: server.baseUrl,
        LLMEMORY_SLOW_QUERY_MS: "1",
        LLMEMORY_LOG_LEVEL: "silent",
      }),
    );
    const http = formatAddress(service.httpAddress);
    await work({ grpcAddress: formatAddress(service.grpcAddress), httpAddress: http });
    const response = await fetch(`http://${http}/metrics`);
    scrape = (await response.text()).split("\n");
  });

  afterAll(async () => {
    await service.stop();
    await server.close();
    await database.drop();
  });

  async function work(addresses: { grpcAddress: string; httpAddress: string }): Promise<void> {
    const { memory, search, close } = connectTo(addresses);
    const document = {
      ownerId: "ada",
      idAtOrigin: "notes",
      documentType: DocumentType.MARKDOWN,
      content: "# Tea\n\nAda likes tea.",
    };
    await memory.addDocument({ ...document, waitUntil: WaitUntil.SEARCHABLE });
    await memory.addDocument({ ownerId: "bob", idAtOrigin: "bad", content: "poison" });
    const found = await search.search({ ownerId: "ada", queryText: "tea" });
    expect((await search.search({ ownerId: "ada", queryText: "tea" })).receipt?.cacheHit).toBe(true);
    // The worker gets to the text that is refused.
    while (!(await refusals(addresses))) await sleep(50);
    await service.resources.database.query("rename", "alter table search_feedback rename to lost_feedback");
    const { searchId, results } = found;
    const feedback = [{ chunkId: results[0]?.chunkId ?? "", rating: 1 }];
    expect(await errorOf(search.recordFeedback({ ownerId: "ada", searchId, feedback }))).toMatchObject({ code: "INTERNAL" });
    await service.resources.database.query("rename", "alter table lost_feedback rename to search_feedback");
    const unknown = await fetch(`http://${addresses.httpAddress}/llmemory.v1.MemoryService/Nothing`, { method: "POST" });
    expect(unknown.status).toBe(404);
    close();
  }

  const refusals = async ({ httpAddress }: { httpAddress: string }) =>
    (await (await fetch(`http://${httpAddress}/metrics`)).text()).includes('reason="refused"');

  test.each(Object.entries({ ...guide, ...more }))("%s{%s} has moved", (name, labels) => {
    const samples = scrape.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    const moved = samples.filter((line) => hasLabels(line, labels) && Number(line.slice(line.lastIndexOf(" "))) > 0);
    expect(moved, samples.join("\n")).not.toEqual([]);
  });

  test("a call that no interceptor saw is counted all the same", () => {
    expect(scrape.find((line) => line.startsWith("grpc_server_handled_total") && line.includes('grpc_method="unknown"'))).toMatch(
      /grpc_code="Unimplemented"\} 1$/,
    );
  });

  test("no sample holds what was stored or asked", () => {
    expect(scrape.filter((line) => /likes|poison/.test(line))).toEqual([]);
  });
});

/** In any order: a histogram writes `le` first. */
function hasLabels(line: string, labels: string): boolean {
  return labels.split(",").every((label) => line.includes(label));
}

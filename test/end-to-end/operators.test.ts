import { describe, expect, test } from "vitest";
import { errorOf } from "../support/call-error.ts";
import { testDatabases } from "../support/databases.ts";
import { useService } from "../support/use-service.ts";

const apiKey = "sk-test-sorrel";

describe.each(testDatabases())("what AdminService tells operators on $name", (kind) => {
  const running = useService(kind, {
    LLMEMORY_CHAT_BASE_URL: "http://127.0.0.1:9",
    LLMEMORY_CHAT_MODEL: "m",
    LLMEMORY_CHAT_API_KEY: apiKey,
  });

  test("lists owners page by page, and refuses a token that is of something else", async () => {
    const { admin, memory } = running();
    for (const ownerId of ["ada", "bob", "eve"]) await memory.addDocument({ ownerId, idAtOrigin: "notes", content: "tea" });
    const listed: string[] = [];
    let pageToken = "";
    do {
      const page = await admin.listOwners({ pageSize: 2, pageToken });
      expect(page.owners.length).toBeLessThanOrEqual(2);
      expect(page.owners.every(({ documentCount, chunkCount }) => documentCount === 1n && chunkCount === 1n)).toBe(true);
      listed.push(...page.owners.map(({ ownerId }) => ownerId));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(listed).toEqual(["ada", "bob", "eve"]);
    await memory.addDocument({ ownerId: "ada", idAtOrigin: "more", content: "milk" });
    const { nextPageToken } = await memory.listDocuments({ ownerId: "ada", pageSize: 1 });
    const invalid = { code: "INVALID_ARGUMENT", fields: ["page_token"] };
    expect(await errorOf(admin.listOwners({ pageToken: nextPageToken }))).toMatchObject(invalid);
    expect(await errorOf(admin.listOwners({ pageToken: "nonsense" }))).toMatchObject(invalid);
    expect(await errorOf(admin.listOwners({ pageSize: 501 }))).toMatchObject({ code: "INVALID_ARGUMENT", fields: ["page_size"] });
  });

  test("shows the settings in force with where they came from, without secrets", async () => {
    const { settings } = await running().admin.getConfiguration({});
    const setting = (name: string) => settings.find(({ variable }) => variable === name);
    expect(setting("LLMEMORY_EMBEDDING_PROVIDER")).toMatchObject({ value: "hashing", source: "LLMEMORY_EMBEDDING_PROVIDER" });
    expect(setting("LLMEMORY_SCHEMA")).toMatchObject({ value: "llmemory", source: "default" });
    expect(setting("LLMEMORY_MODEL_DIR")?.value).toBeUndefined();
    expect(setting("LLMEMORY_CHAT_API_KEY")).toMatchObject({ value: "***", source: "LLMEMORY_CHAT_API_KEY" });
    expect(settings.map(({ value }) => value ?? "").join()).not.toContain("sorrel");
  });

  test("tells of the pool, the embedder and the whole what /health tells", async () => {
    const { admin, service } = running();
    const response = await fetch(`http://${service.httpAddress}/health?force=1`);
    const json = (await response.json()) as { checks: { connection_pool: { total: number } } };
    const { total } = json.checks.connection_pool;
    expect(await admin.getPoolStats({})).toMatchObject({ pool: { total, waiting: 0 } });
    expect(await admin.getHealthReport({ force: true })).toMatchObject({
      healthy: true,
      database: { healthy: true, error: "" },
      embeddings: { healthy: true, error: "" },
      connectionPool: { total },
    });
    expect(await admin.getEmbeddingHealth({})).toMatchObject({
      modelId: "hashing/384",
      dimension: 384,
      probe: { healthy: true },
    });
  });
});

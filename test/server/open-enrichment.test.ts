import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";
import { openChatModel } from "../../src/endpoint/chat-model.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { openEnrichment } from "../../src/server/open-enrichment.ts";
import { silentLogger } from "../support/test-storage.ts";

const deps = { metrics: createMetrics({ ownerLabels: true, version: "test" }), logger: silentLogger, chat: undefined };

describe("what documents get beside their text", () => {
  it.each([
    [{}, "template", "none"],
    [{ LLMEMORY_EMBEDDING_PROVIDER: "hashing" }, "none", "none"],
    [{ LLMEMORY_EMBEDDING_PROVIDER: "hashing", LLMEMORY_CONTEXT_PREFIX: "template" }, "template", "none"],
    [{ LLMEMORY_CONTEXT_PREFIX: "none", LLMEMORY_CHUNK_SUMMARIES: "extractive" }, "none", "extractive"],
  ])("is, with %j, the %s's prefix and summary %s", (environment, contextPrefix, summary) => {
    const { enrichmentDefaults, enricher } = openEnrichment(loadSettings(environment), deps);
    expect(enrichmentDefaults).toEqual({ contextPrefix, summary });
    expect(enricher).toBeUndefined();
  });

  it("is written by the chat model if there is one", async () => {
    const chat = await openChatModel({ baseUrl: "http://127.0.0.1:1/v1", model: "writer", apiKey: undefined, timeoutMs: 100 });
    expect(openEnrichment(loadSettings({}), { ...deps, chat }).enricher?.model).toBe("writer");
    chat.close();
  });
});

import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { ChunkSummary, ContextPrefix, DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { EnrichmentDegradation, Outcome, WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchType } from "#gen/llmemory/v1/search_service_pb.js";
import { startChatServer } from "../support/chat-server.ts";
import { testDatabases } from "../support/databases.ts";
import { hang } from "../support/endpoint-server.ts";
import { writeNotes } from "../support/enrichment-notes.ts";
import { useService } from "../support/use-service.ts";

const content = `# Pumps\n\nThey stand in the cellar.\n\n# Filters\n\n${"A filter is cleaned every week, and the filter of the pump in spring. ".repeat(12)}`;

const server = await startChatServer();
afterAll(() => server.close());

describe.each(testDatabases())("enrichment on $name", (kind) => {
  const running = useService(kind, {
    LLMEMORY_CHAT_BASE_URL: server.baseUrl,
    LLMEMORY_CHAT_MODEL: "writer",
    LLMEMORY_CONTEXT_PREFIX: "template",
    LLMEMORY_ENRICHMENT_TIMEOUT_MS: "1500",
  });

  const document = { documentName: "Handbook of the Arolla hut", documentType: DocumentType.MARKDOWN, content };

  test("what the service is set to holds for documents that do not say, and not for those that do", async () => {
    const { memory } = running();
    const ownerId = newOwner();
    const prefixesOf = async (enrichment: { contextPrefix?: ContextPrefix; summary?: ChunkSummary } | undefined) => {
      const added = await memory.addDocument({ ownerId, idAtOrigin: "handbook", ...document, ...(enrichment && { enrichment }) });
      const { chunks } = await memory.getDocument({
        ownerId,
        key: { case: "documentId", value: added.document?.documentId ?? "" },
        includeChunks: true,
      });
      return chunks.filter(({ chunkLevel }) => chunkLevel === 0);
    };
    const byDefault = await prefixesOf(undefined);
    expect(byDefault.map(({ contextPrefix }) => contextPrefix)).toEqual([
      "Handbook of the Arolla hut > Pumps (markdown)",
      "Handbook of the Arolla hut > Filters (markdown)",
    ]);
    expect(byDefault.map(({ summary }) => summary)).toEqual(["", ""]);
    const asked = await prefixesOf({ contextPrefix: ContextPrefix.NONE, summary: ChunkSummary.EXTRACTIVE });
    expect(asked.map(({ contextPrefix }) => contextPrefix)).toEqual(["", ""]);
    expect(asked[1]?.summary).toContain("filter is cleaned every week");
    expect(asked.map(({ chunkId }) => chunkId)).toEqual(byDefault.map(({ chunkId }) => chunkId));
    expect(asked.map((chunk) => chunk.content).join("")).toContain("They stand in the cellar.");
  });

  test.each([SearchType.TEXT, SearchType.VECTOR, SearchType.HYBRID])(
    "words that only the prefix holds find the chunk, which comes with its summary (%i)",
    async (searchType) => {
      const { memory, search } = running();
      const ownerId = newOwner();
      const enrichment = { summary: ChunkSummary.EXTRACTIVE };
      await memory.addDocument({ ownerId, ...document, enrichment, waitUntil: WaitUntil.SEARCHABLE });
      await memory.addDocument({ ownerId, content: "Something else.", waitUntil: WaitUntil.SEARCHABLE });
      const { results } = await search.search({ ownerId, queryText: "Arolla filter cleaned in spring", searchType, limit: 1 });
      expect(results[0]?.content).toContain("A filter is cleaned");
      expect(results[0]?.content).not.toContain("Arolla");
      expect(results[0]?.summary).toContain("filter is cleaned every week");
    },
  );

  test("the chat model's words are stored, and asked for once", async () => {
    server.behave(writeNotes());
    server.requests.length = 0;
    const { memory, search } = running();
    const enrichment = { contextPrefix: ContextPrefix.MODEL, summary: ChunkSummary.MODEL };
    const request = { ownerId: newOwner(), idAtOrigin: "handbook", ...document, enrichment, waitUntil: WaitUntil.SEARCHABLE };
    expect(await memory.addDocument(request)).toMatchObject({ outcome: Outcome.CREATED, degraded: [] });
    expect(await memory.addDocument(request)).toMatchObject({ outcome: Outcome.UNCHANGED, degraded: [] });
    expect(server.requests).toHaveLength(1);
    const { results } = await search.search({ ownerId: request.ownerId, queryText: "cleaned filter", limit: 1 });
    expect(results[0]?.summary).toMatch(/^what "# Filters/);
  });

  test("a chat model that does not answer delays an add by its time at most, and the reply says what is missing", async () => {
    server.behave(hang);
    const { memory } = running();
    const enrichment = { contextPrefix: ContextPrefix.MODEL, summary: ChunkSummary.MODEL };
    const request = { ownerId: newOwner(), idAtOrigin: "handbook", ...document, enrichment };
    const added = await memory.addDocument(request);
    expect(added.outcome).toBe(Outcome.CREATED);
    expect([...added.degraded].sort()).toEqual([
      EnrichmentDegradation.CONTEXT_PREFIX_TEMPLATE,
      EnrichmentDegradation.SUMMARY_EXTRACTIVE,
    ]);
    server.behave(writeNotes());
    expect(await memory.addDocument(request)).toMatchObject({ outcome: Outcome.UPDATED, degraded: [] });
  });

  test("values that are none are refused", async () => {
    const enrichment = { contextPrefix: 9 as ContextPrefix };
    await expect(running().memory.addDocument({ ownerId: newOwner(), content: "x", enrichment })).rejects.toThrow(
      /context_prefix/,
    );
  });
});

function newOwner(): string {
  return `owner-${randomUUID()}`;
}

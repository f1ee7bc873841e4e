import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AddResult, addDocuments } from "../../src/documents/add-documents.ts";
import { ModelEnricher } from "../../src/documents/model-enricher.ts";
import type { NewDocument } from "../../src/domain/document.ts";
import { limits } from "../../src/domain/limits.ts";
import { type ChatModel, openChatModel } from "../../src/endpoint/chat-model.ts";
import { readChunks } from "../../src/storage/read-documents.ts";
import { type ChatServer, startChatServer } from "../support/chat-server.ts";
import { testDatabases } from "../support/databases.ts";
import { longText, never, newDocument, useDocuments } from "../support/document-deps.ts";
import { failWith } from "../support/endpoint-server.ts";
import { writeNotes } from "../support/enrichment-notes.ts";

const model = { contextPrefix: "model", summary: "model" } as const;

let server: ChatServer;
let chat: ChatModel;

beforeAll(async () => {
  server = await startChatServer();
  chat = await openChatModel({ baseUrl: server.baseUrl, model: "writer", apiKey: undefined, timeoutMs: 5_000 });
});
afterAll(async () => {
  chat.close();
  await server.close();
});
beforeEach(() => server.behave(writeNotes()));
afterEach(() => {
  server.requests.length = 0;
});

describe.each(testDatabases())("enriching documents on $name", (kind) => {
  const deps = useDocuments(kind);

  /** With an enricher of its own, so that no test is paused by the failures of another. */
  async function add(document: NewDocument, chatModel: ChatModel | "none" = chat): Promise<AddResult> {
    const enricher = chatModel === "none" ? undefined : new ModelEnricher({ ...deps(), chat: chatModel }, 5_000);
    const [result] = await addDocuments({ ...deps(), enricher }, [document], never);
    if (!result) throw new Error("nothing was added");
    return result;
  }

  async function leavesOf(result: AddResult) {
    const chunks = await readChunks(deps().database, result.document, { embeddingsOf: undefined });
    return chunks.filter(({ level }) => level === 0);
  }

  function passagesAsked(): number {
    return server.requests.reduce((sum, { input }) => sum + input.passages.length, 0);
  }

  it("makes nothing beside the text unless the document or the service asks for it", async () => {
    const [leaf] = await leavesOf(await add(newDocument({ content: longText, documentName: "Town" })));
    expect([leaf?.contextPrefix, leaf?.summary]).toEqual([undefined, undefined]);
    const asked = newDocument({ content: longText, documentName: "Town", enrichment: { contextPrefix: "none" } });
    const enrichmentDefaults = { contextPrefix: "template", summary: "extractive" } as const;
    const [result] = await addDocuments({ ...deps(), enrichmentDefaults }, [asked], never);
    const [second] = result ? await leavesOf(result) : [];
    expect([second?.contextPrefix, second?.summary]).toEqual([undefined, expect.stringContaining("Sentence")]);
  });

  it("takes template and extract without asking any model", async () => {
    const enrichment = { contextPrefix: "template", summary: "extractive" } as const;
    const result = await add(newDocument({ content: longText, documentName: "Town", documentType: "report", enrichment }));
    for (const leaf of await leavesOf(result)) expect(leaf).toMatchObject({ contextPrefix: "Town (report)" });
    expect((await leavesOf(result))[0]?.summary).toContain("Sentence");
    expect([server.requests.length, result.degraded]).toEqual([0, []]);
  });

  it("stores what the chat model writes, of every chunk", async () => {
    const result = await add(newDocument({ content: longText, enrichment: model }));
    const leaves = await leavesOf(result);
    expect(leaves.length).toBeGreaterThan(2);
    for (const { content, contextPrefix, summary } of leaves) {
      expect(contextPrefix).toBe(`where "${content?.slice(0, 40)}" belongs`);
      expect(summary).toBe(`what "${content?.slice(0, 40)}" says`);
    }
    expect(result.degraded).toEqual([]);
    expect(passagesAsked()).toBe(leaves.length);
  });

  it("asks nothing for a document that is stored just so", async () => {
    const document = newDocument({ content: longText, enrichment: model });
    await add(document);
    server.requests.length = 0;
    expect(await add(document)).toMatchObject({ outcome: "unchanged", degraded: [] });
    expect(server.requests).toEqual([]);
  });

  it("asks of a changed text only for the new chunks, and keeps what is written of the others", async () => {
    const document = newDocument({ content: longText, enrichment: model });
    const before = await leavesOf(await add(document));
    server.requests.length = 0;
    const result = await add({ ...document, content: `${longText} And this was added at its end, and is new.` });
    expect(passagesAsked()).toBe(result.chunksCreated);
    expect(result.chunksKept).toBeGreaterThan(0);
    expect((await leavesOf(result))[0]).toMatchObject({ chunkId: before[0]?.chunkId, contextPrefix: before[0]?.contextPrefix });
    expect(result.chunksReembedded).toBe(0);
  });

  it("asks again where the document's name has changed, and where another model is to write", async () => {
    const document = newDocument({ content: longText, enrichment: model });
    const { document: stored } = await add(document);
    await add({ ...document, documentName: "renamed" });
    expect(passagesAsked()).toBe(2 * stored.chunkCount);
    const other = await openChatModel({ baseUrl: server.baseUrl, model: "other", apiKey: undefined, timeoutMs: 5_000 });
    await add({ ...document, documentName: "renamed" }, other);
    expect(passagesAsked()).toBe(3 * stored.chunkCount);
    other.close();
  });

  it("never gives the embedder more than it takes, however much the model writes", async () => {
    server.behave(writeNotes({ context: "verbose words ".repeat(60) }));
    const document = newDocument({ content: "word ".repeat(2_000), chunking: { chunkTokens: 500 }, enrichment: model });
    for (const { tokenCount, contextPrefix = "" } of await leavesOf(await add(document)))
      expect(tokenCount + contextPrefix.split(" ").length).toBeLessThanOrEqual(508 + 1);
    const [short] = await leavesOf(await add(newDocument({ enrichment: model })));
    expect(short?.contextPrefix?.split(" ").length).toBeLessThanOrEqual(limits.contextPrefixTokensMax);
  });

  describe("where the chat model fails", () => {
    it("stores template and extract and says so; the same document added again asks again", async () => {
      server.behave(failWith(500));
      const document = newDocument({ content: longText, documentName: "Town", documentType: "report", enrichment: model });
      const first = await add(document);
      expect([...(first.degraded ?? [])].sort()).toEqual(["context_prefix_template", "summary_extractive"]);
      expect((await leavesOf(first))[0]).toMatchObject({
        contextPrefix: "Town (report)",
        summary: expect.stringContaining("Sentence"),
      });
      const second = await add(document);
      expect(second).toMatchObject({ outcome: "unchanged", document: { version: 1 } });
      expect(second.degraded).toHaveLength(2);
      server.behave(writeNotes());
      const third = await add(document);
      expect(third).toMatchObject({ outcome: "updated", degraded: [], chunksCreated: 0, document: { version: 2 } });
      expect((await leavesOf(third))[0]?.contextPrefix).toMatch(/^where /);
      expect(third.chunksReembedded).toBe(third.document.chunkCount);
    });

    it("keeps what it has written of some chunks, and asks only for the rest the next time", async () => {
      const content = Array.from({ length: 300 }, (_, index) => `Sentence ${index} is about house ${index * 7}.`).join(" ");
      const document = newDocument({ content, documentName: "Town", enrichment: { contextPrefix: "model" } });
      let calls = 0;
      server.behave((request, response) => (calls++ === 0 ? writeNotes() : failWith(500))(request, response));
      const first = await add(document);
      expect(first.degraded).toEqual(["context_prefix_template"]);
      const written = (await leavesOf(first)).filter(({ contextPrefix }) => contextPrefix?.startsWith("where "));
      expect(written.length).toBe(limits.enrichmentBatchChunks);
      server.requests.length = 0;
      server.behave(writeNotes());
      const second = await add(document);
      expect(second).toMatchObject({ outcome: "updated", degraded: [] });
      expect(passagesAsked()).toBe(first.document.chunkCount - written.length);
    });

    it("does the same without any chat model", async () => {
      const result = await add(newDocument({ documentName: "Town", enrichment: { contextPrefix: "model" } }), "none");
      expect(result.degraded).toEqual(["context_prefix_template"]);
      expect((await leavesOf(result))[0]?.contextPrefix).toBe("Town");
    });
  });
});

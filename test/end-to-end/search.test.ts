import { randomUUID } from "node:crypto";
import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, test } from "vitest";
import { FilterSchema } from "#gen/llmemory/v1/document_pb.js";
import { WaitUntil } from "#gen/llmemory/v1/memory_service_pb.js";
import { ContextRelation, Degradation, QueryExpansion, Rerank, Route } from "#gen/llmemory/v1/search_service_pb.js";
import { errorOf, statusFacts } from "../support/call-error.ts";
import { testDatabases } from "../support/databases.ts";
import { connectTo } from "../support/rpc-clients.ts";
import { useService } from "../support/use-service.ts";

describe.each(testDatabases())("searching on $name", (kind) => {
  const running = useService(kind);
  const ownerId = `owner-${randomUUID()}`;

  beforeAll(async () => {
    const documents = [
      ["tea", "Ada drinks green tea in the morning.", { cups: 3, tags: ["warm", "green"] }],
      ["coffee", "Grace drinks black coffee in the morning.", { cups: 1, tags: ["warm"] }],
      ["milk", "Nobody drinks cold milk in the evening.", {}],
    ] as const;
    for (const [idAtOrigin, content, metadata] of documents) {
      const document = { ownerId, idAtOrigin, content, metadata: metadata as unknown as JsonObject };
      await running().memory.addDocument({ ...document, waitUntil: WaitUntil.SEARCHABLE });
    }
  });

  /** The keys of the documents found, sorted. */
  async function keysOf(request: object): Promise<string[]> {
    const { results } = await running().search.search({ ownerId, queryText: "drinks", ...request });
    return results.map(({ idAtOrigin }) => idAtOrigin).toSorted();
  }

  describe("a condition on metadata", () => {
    const condition = (operator: string, path: string, value?: unknown) => ({
      condition: { path, operator: `OPERATOR_${operator}`, ...(value === undefined ? {} : { value }) },
    });

    test.each<[metadata: object, keys: string[]]>([
      [condition("EQ", "cups", 3), ["tea"]],
      [condition("NE", "cups", 3), ["coffee", "milk"]],
      [condition("IN", "cups", [1, 2]), ["coffee"]],
      [condition("RANGE", "cups", { gt: 1 }), ["tea"]],
      [condition("RANGE", "cups", { gte: 1, lte: 3 }), ["coffee", "tea"]],
      [condition("RANGE", "cups", { gte: "1" }), []],
      [condition("EXISTS", "cups"), ["coffee", "tea"]],
      [condition("EXISTS", "cups", false), ["milk"]],
      [condition("CONTAINS", "tags", "warm"), ["coffee", "tea"]],
      [condition("CONTAINS", "tags", ["green", "warm"]), ["tea"]],
      [{ not: condition("EQ", "cups", 3) }, ["coffee", "milk"]],
      [{ any: { expressions: [condition("EQ", "cups", 3), condition("EXISTS", "cups", false)] } }, ["milk", "tea"]],
    ])("%j", async (metadata, keys) => {
      expect(await keysOf({ filter: fromJson(FilterSchema, { metadata } as JsonObject) })).toEqual(keys);
    });
  });

  test("languages choose documents", async () => {
    expect(await keysOf({ filter: { languages: ["en"] } })).toEqual(["coffee", "milk", "tea"]);
    expect(await keysOf({ filter: { languages: ["de"] } })).toEqual([]);
  });

  test("a word with a minus keeps its chunks out", async () => {
    expect(await keysOf({ queryText: "drinks -coffee" })).toEqual(["milk", "tea"]);
  });

  test("whatever is asked for beyond the default is done, or the receipt says that it was not", async () => {
    const { results, receipt, routing } = await running().search.search({
      ownerId,
      queryText: "Who drinks green tea in the morning?",
      language: "en",
      includeParentContext: true,
      contextWindow: 2,
      mmrLambda: 0.9,
      recency: { halfLife: { seconds: 86_400n }, weight: 0.1 },
      queryExpansion: QueryExpansion.HEURISTIC,
      rerank: Rerank.LEXICAL,
      routing: {},
    });
    expect(results[0]).toMatchObject({ idAtOrigin: "tea", rerankScore: expect.any(Number) });
    expect(receipt?.queryVariants[0]).toBe("Who drinks green tea in the morning?");
    expect(routing).toMatchObject({ route: Route.RETRIEVAL, confidence: 0 });
    expect(receipt?.degraded).toEqual([Degradation.ROUTING_UNAVAILABLE]);
  });

  test("neighbours come with a result, in text order", async () => {
    const content = Array.from(
      { length: 5 },
      (_, index) => `[10:0${index}] Ada: message ${"zero one two three four".split(" ")[index]}`,
    );
    const document = { ownerId: `${ownerId}-chat`, content: content.join("\n"), documentType: 9 };
    await running().memory.addDocument({ ...document, waitUntil: WaitUntil.SEARCHABLE });
    const query = { ownerId: document.ownerId, queryText: "two", textWindow: 0, contextWindow: 1, limit: 1 };
    const { results } = await running().search.search(query);
    expect(results[0]).toMatchObject({ chunkIndex: 2 });
    const neighbors = results[0]?.context.filter(({ relation }) => relation === ContextRelation.NEIGHBOR);
    expect(neighbors?.map(({ chunkIndex, content }) => [chunkIndex, content.trim()])).toEqual([
      [1, content[1]],
      [3, content[3]],
    ]);
  });

  test("a score that nothing reaches leaves nothing", async () => {
    expect(await keysOf({ minScore: 1_000 })).toEqual([]);
  });

  test("a batch answers each search on its own, in order", async () => {
    const other = `owner-${randomUUID()}`;
    const { results } = await running().search.batchSearch({
      searches: [
        { ownerId, queryText: "green tea", limit: 1 },
        { ownerId, queryText: " ", limit: 0 },
        { ownerId: other, queryText: "green tea" },
        { ownerId, queryText: "black coffee", limit: 1 },
      ],
    });
    const found = results.map(({ result }) =>
      result.case === "response" ? result.value.results.map(({ idAtOrigin }) => idAtOrigin) : statusFacts(result.value).fields,
    );
    expect(found).toEqual([["tea"], ["limit", "query_text"], [], ["coffee"]]);
  });

  test("a batch's errors have their details in JSON, too", async () => {
    const client = connectTo(running().service, "Connect JSON");
    const { results } = await client.search.batchSearch({ searches: [{ ownerId, queryText: "" }] });
    client.close();
    const [result] = results.map((entry) => entry.result);
    expect(result?.case === "error" && statusFacts(result.value)).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "INVALID_INPUT",
      fields: ["query_text"],
    });
  });

  test("a batch has 1 to 20 searches", async () => {
    const searches = Array.from({ length: 21 }, () => ({ ownerId, queryText: "tea" }));
    for (const refused of [[], searches]) {
      expect(await errorOf(running().search.batchSearch({ searches: refused }))).toMatchObject({
        code: "INVALID_ARGUMENT",
        fields: ["searches"],
      });
    }
  });

  test("feedback is taken on a search of the owner's own, and may be given again", async () => {
    const { search } = running();
    const { searchId, results } = await search.search({ ownerId, queryText: `tea ${randomUUID()}` });
    const feedback = [{ chunkId: results[0]?.chunkId ?? "", rating: 1, note: "just right" }];
    await search.recordFeedback({ ownerId, searchId, feedback });
    await search.recordFeedback({ ownerId, searchId, feedback });
    const unknown = search.recordFeedback({ ownerId, searchId: randomUUID(), feedback });
    expect(await errorOf(unknown)).toMatchObject({ code: "NOT_FOUND" });
  });

  test("a search is explained statement by statement, with its answer", async () => {
    const { response, statements } = await running().admin.explainSearch({ search: { ownerId, queryText: "green tea" } });
    expect(response?.results[0]).toMatchObject({ idAtOrigin: "tea" });
    expect(statements.length).toBeGreaterThan(0);
    for (const { name, sql, plan } of statements) {
      expect(name).toMatch(/^[a-z_]+$/);
      expect(sql).toMatch(/select/i);
      expect(plan).toMatch(/cost=|actual/);
    }
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CancelledError } from "../../src/domain/errors.ts";
import type { ChatModel } from "../../src/endpoint/chat-model.ts";
import { type Expansion, expandQuery } from "../../src/search/expand-query.ts";
import { parseQuery } from "../../src/search/parse-query.ts";
import { answerWith, type ChatServer, chatFaults, startChatServer } from "../support/chat-server.ts";
import { hang } from "../support/endpoint-server.ts";
import { countOf, openTestChatModel, searchModelDeps } from "../support/search-models.ts";

const never = new AbortController().signal;

async function heuristic(queryText: string, maxQueryVariants = 10): Promise<readonly string[]> {
  const { variants, degraded } = await expandQuery(
    searchModelDeps({}),
    { queryText, maxQueryVariants, mode: "heuristic" },
    never,
  );
  expect(degraded).toBe(false);
  return variants;
}

describe("heuristic expansion", () => {
  it.each([
    {
      query: "How do I reset my password?",
      others: ["reset password"],
    },
    {
      query: "What is the capital gains tax rate in Spain?",
      others: ["capital gains tax rate Spain", '"capital gains tax rate" Spain'],
    },
    { query: "New York Times", others: ['"New York Times"'] },
    { query: "Where's O'Neill's node.js e-mail?", others: ["O'Neill's node.js e-mail", "\"O'Neill's node.js e-mail\""] },
    // Punctuation ends a phrase, and so does a stop word.
    { query: "bread, butter and salt", others: ["bread butter salt"] },
    // A long run is hardly written like that in a document.
    { query: "postgres vacuum freeze table age wraparound", others: [] },
    { query: "coffee", others: [] },
    { query: "to be or not to be", others: [] },
    // Names in capital letters are no pronouns.
    { query: "the US and the WHO", others: ["US WHO"] },
    { query: "Größe des Schlüssels", others: ['"Größe des Schlüssels"'] },
    { query: "¿¡...?!", others: [] },
  ])("of $query looks for $others as well", async ({ query, others }) => {
    expect(await heuristic(query)).toEqual([query, ...others]);
  });

  it.each([
    { query: 'where is "the red house" of Ann', others: ['Ann "the red house"'] },
    { query: 'a view of "red house" or "blue house"', others: ['view "red house" or "blue house"'] },
    { query: 'the "red house"', others: [] },
    { query: "what is a crypto tax -bitcoin", others: ["crypto tax -bitcoin", '"crypto tax" -bitcoin'] },
    { query: 'the mill -"wind mill"', others: ['mill -"wind mill"'] },
    { query: "-bitcoin", others: [] },
  ])("keeps what $query requires and excludes", async ({ query, others }) => {
    const variants = await heuristic(query);
    expect(variants).toEqual([query, ...others]);
    for (const variant of variants) {
      expect(parseQuery(variant).excluded).toEqual(parseQuery(query).excluded);
      expect(parseQuery(variant).phrases).toEqual(expect.arrayContaining([...parseQuery(query).phrases]));
    }
  });

  it("gives no more variants than were asked for, the query among them", async () => {
    const query = "What is the capital gains tax rate in Spain?";
    expect(await heuristic(query, 1)).toEqual([query]);
    expect(await heuristic(query, 2)).toEqual([query, "capital gains tax rate Spain"]);
  });

  it("never gives a variant longer than a query may be", async () => {
    const query = `${"x".repeat(498)} ${"y".repeat(501)}`;
    expect([...query]).toHaveLength(1_000);
    expect(await heuristic(query)).toEqual([query]);
  });
});

describe("expansion by a chat model", () => {
  let server: ChatServer;
  let chat: ChatModel;
  const query = "How do I reset my password?";

  beforeAll(async () => {
    server = await startChatServer();
    chat = await openTestChatModel(server.baseUrl);
  });
  afterAll(async () => {
    chat.close();
    await server.close();
  });
  beforeEach(() => {
    server.requests.length = 0;
  });

  async function expand(queryText = query, maxQueryVariants = 3, deps = searchModelDeps({ chat })): Promise<Expansion> {
    return await expandQuery(deps, { queryText, maxQueryVariants, mode: "model" }, never);
  }

  it("puts the model's wordings behind the query, and counts and times the call", async () => {
    const deps = searchModelDeps({ chat });
    server.behave(answerWith({ queries: ["change login credentials", "forgot password"] }));
    expect(await expand(query, 3, deps)).toEqual({
      variants: [query, "change login credentials", "forgot password"],
      degraded: false,
    });
    expect(server.requests[0]?.input).toEqual({ query });
    expect(server.requests[0]?.body.messages[0]?.content).toContain("Write 2 alternative");
    expect(await countOf(deps.metrics.searchModelDurationSeconds)).toBe(1);
    expect(await countOf(deps.metrics.searchModelFailures)).toBe(0);
  });

  it("takes what a model sends too much, double or as an operator out of it", async () => {
    server.behave(
      answerWith({ queries: ["HOW do I reset my password", '- "new" password\n', "—", "forgot\u0000 it", "more", "and more"] }),
    );
    expect((await expand(query, 5)).variants).toEqual([query, "new password", "forgot it", "more"]);
  });

  it("keeps what the query requires and excludes, and does not show it to the model as words", async () => {
    server.behave(answerWith({ queries: ["price of coins"] }));
    expect((await expand('"gold coins" value -bitcoin', 2)).variants).toEqual([
      '"gold coins" value -bitcoin',
      'price of coins "gold coins" -bitcoin',
    ]);
    expect(server.requests[0]?.input).toEqual({ query: "gold coins value" });
  });

  it("leaves out wordings that are longer than a query may be", async () => {
    server.behave(answerWith({ queries: ["x".repeat(1_001), "short"] }));
    expect((await expand()).variants).toEqual([query, "short"]);
  });

  it("asks nobody when only the query is wanted", async () => {
    expect(await expand(query, 1)).toEqual({ variants: [query], degraded: false });
    expect(server.requests).toEqual([]);
  });

  const wrongAnswers = [
    { what: "sends a list", behaviour: answerWith(["a"]), failure: "invalid_answer" },
    { what: "sends numbers", behaviour: answerWith({ queries: [1, 2] }), failure: "invalid_answer" },
    { what: "sends no wording", behaviour: answerWith({ queries: [] }), failure: "invalid_answer" },
    { what: "sends blank wordings", behaviour: answerWith({ queries: [" ", '""'] }), failure: "invalid_answer" },
  ];
  it.each([...chatFaults, ...wrongAnswers])(
    "falls back to the heuristics and says so where the endpoint $what",
    async (fault) => {
      const deps = searchModelDeps({ chat });
      server.behave(fault.behaviour);
      expect(await expand(query, 3, deps)).toEqual({ variants: [query, "reset password"], degraded: true });
      const { values } = await deps.metrics.searchModelFailures.get();
      expect(values).toEqual([{ value: 1, labels: { task: "expansion", model: "test-model", reason: fault.failure } }]);
      expect(deps.logLines).toHaveLength(1);
      expect(deps.logLines.join()).not.toMatch(/password|tarragon/);
    },
  );

  it("falls back without a model", async () => {
    expect(await expand(query, 3, searchModelDeps({}))).toEqual({ variants: [query, "reset password"], degraded: true });
  });

  it("ends with a search that nobody waits for", async () => {
    server.behave(hang);
    const caller = new AbortController();
    const call = expandQuery(searchModelDeps({ chat }), { queryText: query, maxQueryVariants: 3, mode: "model" }, caller.signal);
    await expect.poll(() => server.requests.length).toBe(1);
    caller.abort();
    await expect(call).rejects.toThrow(CancelledError);
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { type EmbeddingServer, embedInto, inTurn, sendVectors, startEmbeddingServer } from "../support/embedding-server.ts";
import { cutConnection, failWith, hang, sendText } from "../support/endpoint-server.ts";
import { openTestEmbedder } from "../support/openai-embedders.ts";

const never = new AbortController().signal;

let server: EmbeddingServer;
let embedder: EmbeddingProvider;

beforeAll(async () => {
  server = await startEmbeddingServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  // Only the clock that pauses and rests are measured by: requests take the time they take.
  vi.useFakeTimers({ toFake: ["performance"] });
  server.requests.length = 0;
  embedder = await openTestEmbedder(server.baseUrl);
});
afterEach(async () => {
  await embedder.close();
  vi.useRealTimers();
});

function embed(purpose: "query" | "document"): Promise<string> {
  return embedder.embed(["text"], purpose, never).then(
    () => "embedded",
    (error: { readonly failure: string }) => error.failure,
  );
}

describe("an endpoint that fails now and then", () => {
  it("is asked again for documents", async () => {
    server.behave(inTurn(failWith(500), cutConnection, embedInto(2)));
    expect(await embed("document")).toBe("embedded");
    expect(server.requests).toHaveLength(3);
  });

  it("is asked again for a query, once", async () => {
    server.behave(inTurn(sendVectors([]), embedInto(2)));
    expect(await embed("query")).toBe("embedded");
    server.behave(failWith(503));
    expect(await embed("query")).toBe("server_error");
    expect(server.requests).toHaveLength(4);
  });

  it("is asked again for documents after it took too long, and not for a query, which has waited enough", async () => {
    server.behave(inTurn(hang, embedInto(2)));
    expect(await embed("document")).toBe("embedded");
    expect(server.requests).toHaveLength(2);
    server.behave(hang);
    expect(await embed("query")).toBe("timeout");
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    { what: "the key is wrong", behaviour: failWith(401), failure: "misconfigured" },
    { what: "there is no money left", behaviour: failWith(429, { code: "insufficient_quota" }), failure: "rate_limited" },
    { what: "the text is refused", behaviour: failWith(422), failure: "refused" },
  ])("is not asked again where $what", async ({ behaviour, failure }) => {
    server.behave(inTurn(embedInto(2), behaviour));
    expect(await embed("document")).toBe("embedded");
    expect(await embed("document")).toBe(failure);
    expect(server.requests).toHaveLength(2);
  });

  it("is left alone for as long as it asks, by everybody, and then asked again", async () => {
    vi.useRealTimers();
    server.behave(inTurn(failWith(429, {}, { "retry-after-ms": "300" }), embedInto(2)));
    const first = embed("document");
    await expect.poll(() => server.requests.length).toBe(1);
    const others = [embed("document"), embed("query")];
    expect(await Promise.all([first, ...others])).toEqual(["embedded", "embedded", "embedded"]);
    expect(server.requests).toHaveLength(4);
  });

  it("is not asked at all while it wants to be left alone for long", async () => {
    server.behave(inTurn(failWith(429, {}, { "retry-after": "120" }), embedInto(2)));
    expect(await embed("document")).toBe("rate_limited");
    expect([await embed("document"), await embed("query")]).toEqual(["rate_limited", "rate_limited"]);
    expect(server.requests).toHaveLength(1);
    vi.advanceTimersByTime(110_000);
    expect(await embed("query")).toBe("rate_limited");
    vi.advanceTimersByTime(25_000);
    expect(await embed("query")).toBe("embedded");
  });
});

describe("an endpoint that keeps failing", () => {
  async function failUntilItRests(): Promise<void> {
    server.behave(failWith(503));
    while (server.requests.length < limits.endpointFailuresMax) expect(await embed("query")).toBe("server_error");
  }

  it("is left alone, so that searches do not wait for it, and is asked by one call after a rest", async () => {
    await failUntilItRests();
    expect([await embed("query"), await embed("document")]).toEqual(["resting", "resting"]);
    const requests = server.requests.length;
    expect(requests).toBe(limits.endpointFailuresMax);
    server.behave(embedInto(2));
    vi.advanceTimersByTime(limits.endpointRestMs);
    expect((await Promise.all([embed("query"), embed("query"), embed("query")])).toSorted()).toEqual([
      "embedded",
      "resting",
      "resting",
    ]);
    expect(server.requests).toHaveLength(requests + 1);
    expect(await Promise.all([embed("query"), embed("query")])).toEqual(["embedded", "embedded"]);
  });

  it("says why it is left alone, and for how long", async () => {
    await failUntilItRests();
    await expect(embedder.embed(["text"], "query", never)).rejects.toMatchObject({
      failure: "resting",
      retryAfterMs: limits.endpointRestMs,
      message: expect.stringMatching(/left alone for 10000 ms .* HTTP status 503/),
    });
  });

  it("rests again if it still fails", async () => {
    await failUntilItRests();
    vi.advanceTimersByTime(limits.endpointRestMs);
    expect(await embed("document")).toBe("resting");
    expect(server.requests).toHaveLength(limits.endpointFailuresMax + 1);
    expect(await embed("query")).toBe("resting");
  });

  it("is not left alone for texts that it refuses, or for a dimension that no rest would change", async () => {
    server.behave(inTurn(embedInto(2), failWith(400)));
    await embed("query");
    for (let call = 0; call < 2 * limits.endpointFailuresMax; call++) expect(await embed("query")).toBe("refused");
    server.behave(sendVectors([[1, 2, 3]]));
    for (let call = 0; call < 2 * limits.endpointFailuresMax; call++) expect(await embed("query")).toBe("wrong_dimension");
    server.behave(inTurn(sendText(200, "{}"), embedInto(2)));
    expect(await embed("query")).toBe("embedded");
  });
});

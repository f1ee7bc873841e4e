import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ModelCallError, withinTime } from "../../src/endpoint/model-call.ts";
import { type Endpoint, openEndpoint } from "../../src/endpoint/open-endpoint.ts";
import { type EndpointServer, endpointFaults, failWith, sendJson, startEndpointServer } from "../support/endpoint-server.ts";

const apiKey = "sk-test-lovage";
const never = new AbortController().signal;
// Long enough for a loopback server on a busy machine, short enough to wait for.
const timeoutMs = 700;

let server: EndpointServer;
let endpoint: Endpoint;

beforeAll(async () => {
  server = await startEndpointServer((request) => request);
});
afterAll(() => server.close());
beforeEach(async () => {
  server.requests.length = 0;
  endpoint = await openEndpoint({ baseUrl: server.baseUrl, apiKey, timeoutMs, answerBytesMax: 100_000 });
});
afterEach(() => vi.unstubAllEnvs());

function embed(opened: Endpoint = endpoint): Promise<unknown> {
  return withinTime({ timeoutMs, signal: never }, (signal) =>
    opened.call((client) =>
      client.embeddings.create({ model: "m", input: "a parsley bed", encoding_format: "float" }, { signal }),
    ),
  );
}

describe("an endpoint", () => {
  it("is asked at its address, with the key and nothing that the environment holds for other programs", async () => {
    vi.stubEnv("OPENAI_BASE_URL", "http://127.0.0.1:1/elsewhere");
    vi.stubEnv("OPENAI_API_KEY", "sk-of-another-program");
    vi.stubEnv("OPENAI_ORG_ID", "org-of-another-program");
    server.behave(sendJson(200, { data: [] }));
    expect(await embed(await openEndpoint({ baseUrl: server.baseUrl, apiKey, timeoutMs, answerBytesMax: 1_000 }))).toEqual({
      data: [],
    });
    await embed(await openEndpoint({ baseUrl: server.baseUrl, apiKey: undefined, timeoutMs, answerBytesMax: 1_000 }));
    expect(server.requests).toMatchObject([
      { url: "/v1/embeddings", authorization: `Bearer ${apiKey}` },
      { url: "/v1/embeddings", authorization: undefined },
    ]);
  });

  // Whether an answer is what was asked for is for its reader to say.
  const faults = endpointFaults.filter(({ failure }) => failure !== "invalid_answer");

  it.each(faults)("has one error, without text or key, where it $what, and is asked once", async ({ behaviour, failure }) => {
    server.behave(behaviour);
    // What only a reader of the answer can tell is for that one.
    if (failure === "invalid_answer") return;
    const error: unknown = await embed().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ModelCallError);
    expect(error).toMatchObject({ failure });
    expect(JSON.stringify([String((error as Error).stack), { ...(error as Error) }])).not.toMatch(/parsley|lovage/);
    expect((error as Error).cause).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  it("tells status, code, parameter and how long to wait, and drops a code that is more than a word", async () => {
    server.behave(failWith(429, { code: "rate_limit_exceeded", param: "input" }, { "retry-after": "2" }));
    await expect(embed()).rejects.toMatchObject({
      failure: "status",
      status: 429,
      code: "rate_limit_exceeded",
      param: "input",
      retryAfterMs: 2_000,
      message: "the endpoint answered with HTTP status 429 (rate_limit_exceeded)",
    });
    server.behave(failWith(400, { code: `bad key ${apiKey}`, param: "a parsley bed" }));
    await expect(embed()).rejects.toMatchObject({ status: 400, code: undefined, param: undefined, retryAfterMs: undefined });
  });

  it("is not read further than allowed", async () => {
    server.behave(sendJson(200, { data: ["x".repeat(200_000)] }));
    await expect(embed()).rejects.toMatchObject({ failure: "unreachable" });
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CancelledError, DeadlineExceededError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { type ChatModel, type ChatQuestion, openChatModel } from "../../src/endpoint/chat-model.ts";
import { isRecord, ModelCallError } from "../../src/endpoint/model-call.ts";
import { answerWith, type ChatServer, chatFaults, startChatServer } from "../support/chat-server.ts";
import { failWith, hang } from "../support/endpoint-server.ts";
import { apiKey, openTestChatModel } from "../support/search-models.ts";

const never = new AbortController().signal;

const question: ChatQuestion<string> = {
  name: "greeting",
  instructions: "Greet.",
  input: { name: 'Ann "the cat" \n}' },
  schema: { type: "object", properties: { text: { type: "string" } }, required: ["text"], additionalProperties: false },
  temperature: 0.3,
  read: (answer) => (isRecord(answer) && typeof answer.text === "string" ? answer.text : undefined),
};

let server: ChatServer;
let chat: ChatModel;

beforeAll(async () => {
  server = await startChatServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.requests.length = 0;
  chat = await openTestChatModel(server.baseUrl);
});
afterEach(() => chat.close());

describe("a chat model", () => {
  it("asks with instructions and input apart, for JSON of the schema, and reads the answer", async () => {
    server.behave(answerWith({ text: "hello" }));
    expect(await chat.answer(question, never)).toBe("hello");
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      url: "/v1/chat/completions",
      authorization: `Bearer ${apiKey}`,
      input: question.input,
      body: {
        model: "test-model",
        temperature: 0.3,
        messages: [{ role: "system", content: "Greet." }, { role: "user" }],
        response_format: { type: "json_schema", json_schema: { name: "greeting", strict: true, schema: question.schema } },
      },
    });
  });

  it("sends no Authorization header without a key, whatever the environment holds for other programs", async () => {
    process.env.OPENAI_API_KEY = "sk-of-another-program";
    try {
      const keyless = await openChatModel({ baseUrl: server.baseUrl, model: "m", apiKey: undefined, timeoutMs: 5_000 });
      server.behave(answerWith({ text: "hello" }));
      await keyless.answer(question, never);
      expect(server.requests[0]?.authorization).toBeUndefined();
    } finally {
      delete process.env.OPENAI_API_KEY;
    }
  });

  it.each(chatFaults)("has one error, without prompt or key, where the endpoint $what", async ({ behaviour, failure }) => {
    server.behave(behaviour);
    const error: unknown = await chat.answer(question, never).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ModelCallError);
    expect(error).toMatchObject({ failure });
    expect(String((error as Error).stack)).not.toMatch(/the cat|Greet|tarragon/);
    expect((error as Error).cause).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  it("takes an answer of the wrong form for none", async () => {
    server.behave(answerWith({ text: 3 }));
    await expect(chat.answer(question, never)).rejects.toMatchObject({ failure: "invalid_answer" });
  });

  it("tells the status of an endpoint that fails", async () => {
    server.behave(failWith(429));
    await expect(chat.answer(question, never)).rejects.toMatchObject({ failure: "status", status: 429 });
  });

  it("is unreachable where nothing listens", async () => {
    const stopped = await startChatServer();
    await stopped.close();
    const nowhere = await openTestChatModel(stopped.baseUrl);
    await expect(nowhere.answer(question, never)).rejects.toMatchObject({ failure: "unreachable" });
  });

  it("leaves out the temperature for a model that takes none, and remembers that", async () => {
    server.behave((request, response) => {
      const refuses = request.body.temperature !== undefined;
      const behaviour = refuses
        ? failWith(400, { param: "temperature", code: "unsupported_value" })
        : answerWith({ text: "hello" });
      behaviour(request, response);
    });
    expect(await chat.answer(question, never)).toBe("hello");
    expect(await chat.answer(question, never)).toBe("hello");
    expect(server.requests.map(({ body }) => body.temperature)).toEqual([0.3, undefined, undefined]);
  });

  it("does not repeat a call that is refused for another reason", async () => {
    server.behave(failWith(400, { param: "response_format" }));
    await expect(chat.answer(question, never)).rejects.toMatchObject({ failure: "status", status: 400 });
    expect(server.requests).toHaveLength(1);
  });

  it("ends with the caller's own error when the caller goes away or is out of time", async () => {
    server.behave(hang);
    const caller = new AbortController();
    const call = chat.answer(question, caller.signal);
    await expect.poll(() => server.requests.length).toBe(1);
    caller.abort();
    await expect(call).rejects.toThrow(CancelledError);
    await expect(chat.answer(question, AbortSignal.abort())).rejects.toThrow(CancelledError);
    await expect(chat.answer(question, AbortSignal.timeout(50))).rejects.toThrow(DeadlineExceededError);
  });

  it("refuses more calls at once than it is allowed", async () => {
    server.behave(hang);
    const caller = new AbortController();
    const calls = Array.from({ length: limits.chatCallsMax }, () => chat.answer(question, caller.signal));
    const settled = Promise.allSettled(calls);
    await expect(chat.answer(question, never)).rejects.toMatchObject({ failure: "overloaded" });
    caller.abort();
    await settled;
    server.behave(answerWith({ text: "hello" }));
    expect(await chat.answer(question, never)).toBe("hello");
  });

  it("ends running calls when it is closed, and takes no more", async () => {
    server.behave(hang);
    const call = chat.answer(question, never);
    await expect.poll(() => server.requests.length).toBe(1);
    chat.close();
    await expect(call).rejects.toMatchObject({ failure: "unavailable" });
    await expect(chat.answer(question, never)).rejects.toMatchObject({ failure: "unavailable" });
  });
});

import {
  type EndpointBehaviour,
  type EndpointRequest,
  type EndpointServer,
  endpointFaults,
  sendJson,
  startEndpointServer,
} from "./endpoint-server.ts";

/** A request as the endpoint has got it. */
export interface ChatRequest
  extends EndpointRequest<{
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly temperature?: number;
    readonly response_format: { readonly type: string; readonly json_schema: Readonly<Record<string, unknown>> };
  }> {
  /** The user message, which is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it has asked for.
  readonly input: any;
}

export type ChatBehaviour = EndpointBehaviour<ChatRequest>;

/** An OpenAI-compatible chat model of our own on loopback. */
export type ChatServer = EndpointServer<ChatRequest>;

export async function startChatServer(): Promise<ChatServer> {
  return await startEndpointServer((request) => {
    const body = request.body as ChatRequest["body"];
    const user = body.messages.find(({ role }) => role === "user");
    return { ...request, body, input: JSON.parse(user?.content ?? "null") };
  });
}

/** Answers with a JSON value, which may depend on the request. */
export function answerWith(answer: unknown | ((input: ChatRequest["input"]) => unknown)): ChatBehaviour {
  return (request, response) => {
    const value = typeof answer === "function" ? answer(request.input) : answer;
    sendMessage({ content: JSON.stringify(value) })(request, response);
  };
}

/** Answers with a message as it is. */
export function sendMessage(message: Readonly<Record<string, unknown>>, finishReason = "stop"): ChatBehaviour {
  return sendJson(200, {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "test",
    choices: [{ index: 0, finish_reason: finishReason, message: { role: "assistant", refusal: null, ...message } }],
  });
}

/** All the ways in which a chat model fails to give a usable answer, and what a call says of each. */
export const chatFaults: readonly { readonly what: string; readonly behaviour: ChatBehaviour; readonly failure: string }[] = [
  ...endpointFaults,
  { what: "sends no choice", behaviour: sendJson(200, { choices: [] }), failure: "invalid_answer" },
  { what: "sends an empty answer", behaviour: sendMessage({ content: "" }), failure: "invalid_answer" },
  { what: "sends no content", behaviour: sendMessage({ content: null }), failure: "invalid_answer" },
  { what: "sends prose", behaviour: sendMessage({ content: "Sure! Here it is." }), failure: "invalid_answer" },
  { what: "sends NaN", behaviour: sendMessage({ content: '{"scores":[{"passage":1,"score":NaN}]}' }), failure: "invalid_answer" },
  { what: "sends half an answer", behaviour: sendMessage({ content: '{"queries":["a"' }, "length"), failure: "invalid_answer" },
  { what: "refuses", behaviour: sendMessage({ content: null, refusal: "I cannot help with that." }), failure: "refused" },
];

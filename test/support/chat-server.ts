import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request as the endpoint has got it. */
export interface ChatRequest {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: {
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly temperature?: number;
    readonly response_format: { readonly type: string; readonly json_schema: Readonly<Record<string, unknown>> };
  };
  /** The user message, which is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it has asked for.
  readonly input: any;
}

export type ChatBehaviour = (request: ChatRequest, response: ServerResponse) => void;

/** An OpenAI-compatible endpoint of our own on loopback. */
export interface ChatServer {
  readonly baseUrl: string;
  /** What it was asked, oldest first. */
  readonly requests: ChatRequest[];
  /** What it does with every request from now on. */
  behave(behaviour: ChatBehaviour): void;
  close(): Promise<void>;
}

export async function startChatServer(): Promise<ChatServer> {
  const requests: ChatRequest[] = [];
  let behaviour: ChatBehaviour = failWith(500);
  const server = createServer(async (incoming, response) => {
    const request = await readRequest(incoming);
    requests.push(request);
    behaviour(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    behave: (next) => {
      behaviour = next;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<ChatRequest> {
  const body = JSON.parse(await text(incoming)) as ChatRequest["body"];
  const user = body.messages.find(({ role }) => role === "user");
  return {
    url: incoming.url ?? "",
    authorization: incoming.headers.authorization,
    body,
    input: JSON.parse(user?.content ?? "null"),
  };
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

/** An error as OpenAI sends it. Its message quotes the prompt and the key, as some endpoints do. */
export function failWith(status: number, details: Readonly<Record<string, unknown>> = {}): ChatBehaviour {
  return (request, response) => {
    const message = `cannot do this: ${JSON.stringify(request.body)} ${request.authorization}`;
    sendJson(status, { error: { message, type: "test", ...details } })(request, response);
  };
}

export function sendJson(status: number, body: unknown): ChatBehaviour {
  return sendText(status, JSON.stringify(body));
}

export function sendText(status: number, body: string): ChatBehaviour {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  };
}

/** Never answers. */
export const hang: ChatBehaviour = () => {};

/** Sends the beginning of an answer and no more. */
export const hangInBody: ChatBehaviour = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json" }).write('{"choices":[');
};

/** Closes the connection instead of answering. */
export const cutConnection: ChatBehaviour = (_request, response) => {
  response.destroy();
};

/** Closes the connection in the middle of an answer. */
export const cutConnectionInBody: ChatBehaviour = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
  response.write('{"choices":[', () => response.destroy());
};

/** Never stops sending. */
export const sendForever: ChatBehaviour = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  const send = () => {
    while (!response.destroyed && response.write(" ".repeat(65_536)));
    if (!response.destroyed) response.once("drain", send);
  };
  send();
};

/** All the ways in which an endpoint fails to give a usable answer, and what a call says of each. */
export const chatFaults: readonly { readonly what: string; readonly behaviour: ChatBehaviour; readonly failure: string }[] = [
  { what: "fails with status 500", behaviour: failWith(500), failure: "status" },
  { what: "limits the rate", behaviour: failWith(429), failure: "status" },
  { what: "refuses the key", behaviour: failWith(401), failure: "status" },
  { what: "hangs", behaviour: hang, failure: "timeout" },
  { what: "hangs in the middle of an answer", behaviour: hangInBody, failure: "timeout" },
  { what: "cuts the connection", behaviour: cutConnection, failure: "unreachable" },
  { what: "cuts the connection in the middle of an answer", behaviour: cutConnectionInBody, failure: "unreachable" },
  { what: "never stops sending", behaviour: sendForever, failure: "unreachable" },
  { what: "sends no JSON", behaviour: sendText(200, "<html>"), failure: "invalid_answer" },
  { what: "sends other JSON", behaviour: sendJson(200, { message: "hello" }), failure: "invalid_answer" },
  { what: "sends no choice", behaviour: sendJson(200, { choices: [] }), failure: "invalid_answer" },
  { what: "sends null", behaviour: sendJson(200, null), failure: "invalid_answer" },
  { what: "sends an empty answer", behaviour: sendMessage({ content: "" }), failure: "invalid_answer" },
  { what: "sends no content", behaviour: sendMessage({ content: null }), failure: "invalid_answer" },
  { what: "sends prose", behaviour: sendMessage({ content: "Sure! Here it is." }), failure: "invalid_answer" },
  { what: "sends NaN", behaviour: sendMessage({ content: '{"scores":[{"passage":1,"score":NaN}]}' }), failure: "invalid_answer" },
  { what: "sends half an answer", behaviour: sendMessage({ content: '{"queries":["a"' }, "length"), failure: "invalid_answer" },
  { what: "refuses", behaviour: sendMessage({ content: null, refusal: "I cannot help with that." }), failure: "refused" },
];

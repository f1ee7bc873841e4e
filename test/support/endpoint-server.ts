import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request as an endpoint has got it. */
export interface EndpointRequest<Body = unknown> {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: Body;
}

export type EndpointBehaviour<Request extends EndpointRequest = EndpointRequest> = (
  request: Request,
  response: ServerResponse,
) => void;

/** An OpenAI-compatible endpoint of our own on loopback. */
export interface EndpointServer<Request extends EndpointRequest = EndpointRequest> {
  readonly baseUrl: string;
  /** What it was asked, oldest first. */
  readonly requests: Request[];
  /** What it does with every request from now on. */
  behave(behaviour: EndpointBehaviour<Request>): void;
  close(): Promise<void>;
}

/** @param read adds what the tests of a kind of endpoint want to see of a request. */
export async function startEndpointServer<Request extends EndpointRequest>(
  read: (request: EndpointRequest) => Request,
): Promise<EndpointServer<Request>> {
  const requests: Request[] = [];
  let behaviour: EndpointBehaviour<Request> = failWith(500);
  const server = createServer(async (incoming, response) => {
    const request = read(await readRequest(incoming));
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

async function readRequest(incoming: IncomingMessage): Promise<EndpointRequest> {
  const body: unknown = JSON.parse(await text(incoming));
  return { url: incoming.url ?? "", authorization: incoming.headers.authorization, body };
}

/** An error as OpenAI sends it. Its message quotes the request and the key, as some endpoints do. */
export function failWith(
  status: number,
  details: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): EndpointBehaviour {
  return (request, response) => {
    const message = `cannot do this: ${JSON.stringify(request.body)} ${request.authorization}`;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ error: { message, type: "test", ...details } }));
  };
}

export function sendJson(status: number, body: unknown): EndpointBehaviour {
  return sendText(status, JSON.stringify(body));
}

export function sendText(status: number, body: string): EndpointBehaviour {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  };
}

/** Never answers. */
export const hang: EndpointBehaviour = () => {};

/** Sends the beginning of an answer and no more. */
export const hangInBody: EndpointBehaviour = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json" }).write('{"data":[');
};

/** Closes the connection instead of answering. */
export const cutConnection: EndpointBehaviour = (_request, response) => {
  response.destroy();
};

/** Closes the connection in the middle of an answer. */
export const cutConnectionInBody: EndpointBehaviour = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
  response.write('{"data":[', () => response.destroy());
};

/** Never stops sending. */
export const sendForever: EndpointBehaviour = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  const send = () => {
    while (!response.destroyed && response.write(" ".repeat(65_536)));
    if (!response.destroyed) response.once("drain", send);
  };
  send();
};

/** The ways in which any endpoint fails, and what a call says of each. */
export const endpointFaults: readonly {
  readonly what: string;
  readonly behaviour: EndpointBehaviour;
  readonly failure: "status" | "timeout" | "unreachable" | "invalid_answer";
}[] = [
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
  { what: "sends null", behaviour: sendJson(200, null), failure: "invalid_answer" },
];

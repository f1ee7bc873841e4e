import { embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import {
  type EndpointBehaviour,
  type EndpointRequest,
  type EndpointServer,
  endpointFaults,
  failWith,
  sendJson,
  sendText,
  startEndpointServer,
} from "./endpoint-server.ts";

/** A request for embeddings as the endpoint has got it. */
export type EmbeddingRequest = EndpointRequest<{
  readonly model: string;
  readonly input: readonly string[];
  readonly encoding_format: "base64" | "float";
  readonly dimensions?: number;
}>;

export type EmbeddingBehaviour = EndpointBehaviour<EmbeddingRequest>;

/** An OpenAI-compatible embedding model of our own on loopback. */
export type EmbeddingServer = EndpointServer<EmbeddingRequest>;

export async function startEmbeddingServer(): Promise<EmbeddingServer> {
  return await startEndpointServer((request) => ({ ...request, body: request.body as EmbeddingRequest["body"] }));
}

/** Answers with hashed words, as OpenAI does: in the encoding and the length that were asked for. */
export function embedInto(dimension: number): EmbeddingBehaviour {
  return (request, response) => {
    const { input, encoding_format, dimensions = dimension } = request.body;
    const vectors = input.map((text) => embedHashedWords(text, dimensions));
    sendVectors(vectors.map((vector) => (encoding_format === "base64" ? toBase64(vector) : [...vector])))(request, response);
  };
}

/** Answers with these vectors, whatever was asked for. */
export function sendVectors(embeddings: readonly unknown[], tokens = embeddings.length): EmbeddingBehaviour {
  return sendJson(200, {
    object: "list",
    data: embeddings.map((embedding, index) => ({ object: "embedding", index, embedding })),
    model: "test",
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

export function toBase64(vector: readonly number[] | Float32Array): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString("base64");
}

/** Refuses requests that hold such a text, as OpenAI does with one that is too long. */
export function refuse(isRefused: (text: string) => boolean, otherwise: EmbeddingBehaviour): EmbeddingBehaviour {
  return (request, response) => {
    const behaviour = request.body.input.some(isRefused) ? failWith(400, { code: "context_length_exceeded" }) : otherwise;
    behaviour(request, response);
  };
}

/** Does what the list says for one request after another, then the last for ever. */
export function inTurn(...behaviours: readonly EmbeddingBehaviour[]): EmbeddingBehaviour {
  let count = 0;
  return (request, response) => behaviours[Math.min(count++, behaviours.length - 1)]?.(request, response);
}

/**
 * The ways in which an endpoint fails to embed one text into two components, why a call then says that it failed, and how many requests it
 * takes for a query.
 */
export const embeddingFaults: readonly {
  readonly what: string;
  readonly behaviour: EmbeddingBehaviour;
  readonly failure: string;
}[] = [
  ...endpointFaults.filter(({ failure }) => failure !== "status"),
  { what: "fails with status 500", behaviour: failWith(500), failure: "server_error" },
  { what: "is overloaded", behaviour: failWith(503), failure: "server_error" },
  { what: "limits the rate", behaviour: failWith(429), failure: "rate_limited" },
  { what: "asks for a long wait", behaviour: failWith(429, {}, { "retry-after": "3600" }), failure: "rate_limited" },
  { what: "has no money left", behaviour: failWith(429, { code: "insufficient_quota" }), failure: "rate_limited" },
  { what: "refuses the key", behaviour: failWith(401), failure: "misconfigured" },
  { what: "does not know the model", behaviour: failWith(404, { code: "model_not_found" }), failure: "misconfigured" },
  { what: "refuses the text", behaviour: failWith(400), failure: "refused" },
  { what: "sends no vector", behaviour: sendVectors([]), failure: "invalid_answer" },
  {
    what: "sends too many vectors",
    behaviour: sendVectors([
      [1, 0],
      [0, 1],
    ]),
    failure: "invalid_answer",
  },
  {
    what: "sends a vector without its place",
    behaviour: sendJson(200, { data: [{ index: 7, embedding: [1, 0] }] }),
    failure: "invalid_answer",
  },
  {
    what: "sends NaN as decimals",
    behaviour: sendText(200, '{"data":[{"index":0,"embedding":[NaN,1]}]}'),
    failure: "invalid_answer",
  },
  { what: "sends NaN as base64", behaviour: sendVectors([toBase64([Number.NaN, 1])]), failure: "invalid_answer" },
  { what: "sends null for a number", behaviour: sendVectors([[null, 1]]), failure: "invalid_answer" },
  { what: "sends infinity", behaviour: sendVectors([toBase64([Number.POSITIVE_INFINITY, 1])]), failure: "invalid_answer" },
  { what: "sends zeros", behaviour: sendVectors([[0, 0]]), failure: "invalid_answer" },
  { what: "sends half a vector", behaviour: sendVectors(["AACAPwA="]), failure: "invalid_answer" },
  { what: "sends a vector of another dimension", behaviour: sendVectors([[1, 0, 0]]), failure: "wrong_dimension" },
];

import type OpenAI from "openai";
import { boundedFetch } from "./bounded-fetch.ts";
import { ModelCallError } from "./model-call.ts";
import { readRetryAfterMs } from "./retry-after.ts";

export interface EndpointOptions {
  /** What `/chat/completions` or `/embeddings` is appended to. */
  readonly baseUrl: string;
  /** Undefined: no Authorization header is sent. */
  readonly apiKey: string | undefined;
  /** The longest that a call may take; the caller's own timeouts come first. */
  readonly timeoutMs: number;
  /** A longer answer is an error: an endpoint that never stops sending must not fill the memory. */
  readonly answerBytesMax: number;
}

/** An endpoint that speaks OpenAI's protocol. */
export interface Endpoint {
  /**
   * Calls it once.
   *
   * @throws ModelCallError `unreachable`, `status` or `invalid_answer`.
   */
  call<T>(run: (client: OpenAI) => PromiseLike<T>): Promise<T>;
}

/** Opens no connection yet, so an endpoint that is down does not keep the service from starting. */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  // Loaded here, since it takes 33 MB that a service without an endpoint need not have.
  const { default: Client } = await import("openai");
  const client = new Client({
    baseURL: options.baseUrl,
    apiKey: options.apiKey ?? "none",
    ...(options.apiKey === undefined ? { defaultHeaders: { Authorization: null } } : {}),
    // Null keeps the client from taking them from the environment: only our own settings count.
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    // OPENAI_LOG=debug would print prompts.
    logLevel: "off",
    maxRetries: 0,
    // Ours comes first: the client's ends with the headers of the answer.
    timeout: 2 * options.timeoutMs,
    fetch: boundedFetch(options.answerBytesMax),
  });
  return {
    call: async (run) => {
      try {
        return await run(client);
      } catch (error) {
        throw toModelCallError(error, Client);
      }
    },
  };
}

function toModelCallError(error: unknown, errors: Pick<typeof OpenAI, "APIError" | "APIConnectionError">): ModelCallError {
  if (error instanceof errors.APIConnectionError) return new ModelCallError("unreachable", "the endpoint cannot be reached");
  if (!(error instanceof errors.APIError)) return new ModelCallError("invalid_answer", "the endpoint's answer cannot be read");
  const facts = {
    status: error.status,
    code: asCode(error.code),
    param: asCode(error.param),
    retryAfterMs: error.headers && readRetryAfterMs(error.headers, Date.now()),
  };
  const code = facts.code === undefined ? "" : ` (${facts.code})`;
  return new ModelCallError("status", `the endpoint answered with HTTP status ${error.status}${code}`, facts);
}

/** What could be more than a word of the protocol, such as a key or a piece of a prompt, is dropped. */
function asCode(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z_]{1,40}$/.test(value) ? value : undefined;
}

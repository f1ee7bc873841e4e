import type { ChatCompletionCreateParamsNonStreaming } from "openai/resources/chat/completions";
import { limits } from "../domain/limits.ts";
import { isRecord, ModelCallError, withinTime } from "./model-call.ts";
import { type Endpoint, openEndpoint } from "./open-endpoint.ts";

export interface ChatModelOptions {
  /** What `/chat/completions` is appended to. */
  readonly baseUrl: string;
  readonly model: string;
  /** Undefined: no Authorization header is sent. */
  readonly apiKey: string | undefined;
  /** For questions that do not say. */
  readonly timeoutMs: number;
}

/** Something to ask a chat model, and how to read its answer. */
export interface ChatQuestion<T> {
  /** Name of the schema: letters and underscores. */
  readonly name: string;
  readonly instructions: string;
  /**
   * What the question is about. It is sent as one JSON text in a message of its own: inside JSON strings, a passage that holds instructions
   * or delimiters stays a passage.
   */
  readonly input: unknown;
  /** JSON schema of the answer: objects list all their properties as required and allow no others, or endpoints refuse it. */
  readonly schema: Record<string, unknown>;
  /** 0: always the likeliest answer. */
  readonly temperature: number;
  /** Default: the model's. */
  readonly timeoutMs?: number;
  /** Undefined if the answer is not what was asked for, whatever the schema: not every endpoint enforces it. */
  readonly read: (answer: unknown) => T | undefined;
}

/** A language model behind an endpoint that speaks OpenAI's chat completions. */
export interface ChatModel {
  readonly name: string;
  /**
   * Asks once.
   *
   * @throws ModelCallError if no usable answer came in time; the domain error of `signal` if that ended the call.
   */
  answer<T>(question: ChatQuestion<T>, signal: AbortSignal): Promise<T>;
  /** Ends running calls, which fail. */
  close(): void;
}

/** Opens no connection yet, so an endpoint that is down does not keep the service from starting. */
export async function openChatModel(options: ChatModelOptions): Promise<ChatModel> {
  const endpoint = await openEndpoint({
    baseUrl: options.baseUrl,
    apiKey: options.apiKey,
    timeoutMs: limits.chatCallMsMax,
    answerBytesMax: limits.chatAnswerBytesMax,
  });
  return new OpenAiChatModel(endpoint, options);
}

class OpenAiChatModel implements ChatModel {
  readonly name: string;
  readonly #endpoint: Endpoint;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();
  #running = 0;
  /** Reasoning models refuse any temperature; the first refusal teaches that. */
  #takesTemperature = true;

  constructor(endpoint: Endpoint, options: ChatModelOptions) {
    this.#endpoint = endpoint;
    this.name = options.model;
    this.#timeoutMs = options.timeoutMs;
  }

  async answer<T>(question: ChatQuestion<T>, signal: AbortSignal): Promise<T> {
    if (this.#closing.signal.aborted) throw closedError();
    if (this.#running >= limits.chatCallsMax) {
      throw new ModelCallError("overloaded", `${this.#running} calls of the chat model are running already`);
    }
    this.#running++;
    try {
      return await withinTime({ timeoutMs: question.timeoutMs ?? this.#timeoutMs, signal }, async (inTime) => {
        const completion = await this.#complete(question, AbortSignal.any([inTime, this.#closing.signal]));
        return readAnswer(completion, question);
      });
    } catch (error) {
      throw this.#closing.signal.aborted ? closedError() : error;
    } finally {
      this.#running--;
    }
  }

  close(): void {
    this.#closing.abort();
  }

  async #complete(question: ChatQuestion<unknown>, signal: AbortSignal): Promise<unknown> {
    const sendsTemperature = this.#takesTemperature;
    const request = this.#requestOf(question, sendsTemperature);
    try {
      return await this.#endpoint.call((client) => client.chat.completions.create(request, { signal }));
    } catch (error) {
      const isRefused = error instanceof ModelCallError && error.status === 400 && error.param === "temperature";
      if (!isRefused || !sendsTemperature) throw error;
      this.#takesTemperature = false;
      return await this.#complete(question, signal);
    }
  }

  #requestOf(question: ChatQuestion<unknown>, sendsTemperature: boolean): ChatCompletionCreateParamsNonStreaming {
    const { name, schema, instructions, input, temperature } = question;
    return {
      model: this.name,
      messages: [
        { role: "system", content: instructions },
        { role: "user", content: JSON.stringify(input) },
      ],
      response_format: { type: "json_schema", json_schema: { name, schema, strict: true } },
      max_completion_tokens: limits.chatAnswerTokensMax,
      ...(sendsTemperature ? { temperature } : {}),
    };
  }
}

function readAnswer<T>(completion: unknown, question: ChatQuestion<T>): T {
  const choices = isRecord(completion) ? completion.choices : undefined;
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const message = isRecord(choice) ? choice.message : undefined;
  if (!isRecord(choice) || !isRecord(message)) throw new ModelCallError("invalid_answer", "the answer has no message");
  if (typeof message.refusal === "string" && message.refusal !== "") throw new ModelCallError("refused", "the model refused");
  if (choice.finish_reason === "length") throw new ModelCallError("invalid_answer", "the answer was cut off");
  const { content } = message;
  if (typeof content !== "string" || content === "") throw new ModelCallError("invalid_answer", "the answer is empty");
  const answer = question.read(parseJson(content));
  if (answer === undefined) throw new ModelCallError("invalid_answer", "the answer is not of the form that was asked for");
  return answer;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ModelCallError("invalid_answer", "the answer is not JSON");
  }
}

function closedError(): ModelCallError {
  return new ModelCallError("unavailable", "the chat model is closed");
}

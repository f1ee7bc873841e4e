import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type {
  AddDocumentRequestSchema,
  IngestDocumentsRequestSchema,
  IngestDocumentsResponse,
  IngestDurable,
  IngestOpenSchema,
  IngestWindow,
  MemoryService,
} from "#gen/llmemory/v1/memory_service_pb.js";
import { type CallErrorFacts, factsOf } from "../support/call-error.ts";

type Request = MessageInitShape<typeof IngestDocumentsRequestSchema>;

/** One connection of an ingest stream, step by step. */
export class IngestClient {
  readonly #caller = new AbortController();
  readonly #outgoing: Request[] = [];
  readonly #replies: AsyncIterator<IngestDocumentsResponse>;
  #wake = Promise.withResolvers<void>();
  #hasEnded = false;

  constructor(memory: Client<typeof MemoryService>) {
    this.#replies = memory.ingestDocuments(this.#requests(), { signal: this.#caller.signal })[Symbol.asyncIterator]();
  }

  open(open: MessageInitShape<typeof IngestOpenSchema>): void {
    this.send({ message: { case: "open", value: open } });
  }

  item(sequence: bigint, document: MessageInitShape<typeof AddDocumentRequestSchema>): void {
    this.send({ message: { case: "item", value: { sequence, document } } });
  }

  acknowledge(upToSequence: bigint): void {
    this.send({ message: { case: "ack", value: { upToSequence } } });
  }

  send(request: Request): void {
    this.#outgoing.push(request);
    this.#wake.resolve();
  }

  /** The next reply; throws if the stream ends or fails first. */
  async next(): Promise<IngestDocumentsResponse["message"]> {
    const reply = await this.#replies.next();
    if (reply.done) throw new Error("the stream has ended");
    return reply.value.message;
  }

  /** The next position, whatever comes before it. */
  async nextDurable(): Promise<IngestDurable> {
    for (;;) {
      const message = await this.next();
      if (message.case === "durable") return message.value;
    }
  }

  /** The next window, whatever comes before it. */
  async nextWindow(): Promise<IngestWindow> {
    for (;;) {
      const message = await this.next();
      if (message.case === "window") return message.value;
    }
  }

  /** Says that nothing more comes and gives all replies up to the end. */
  async endReading(): Promise<IngestDocumentsResponse["message"][]> {
    this.#hasEnded = true;
    this.#wake.resolve();
    const replies: IngestDocumentsResponse["message"][] = [];
    for (;;) {
      const reply = await this.#replies.next();
      if (reply.done) return replies;
      replies.push(reply.value.message);
    }
  }

  /** Waits for a position; gives the failures that came on the way. */
  async durableUpTo(sequence: bigint): Promise<IngestDurable["failures"]> {
    const failures: IngestDurable["failures"] = [];
    for (;;) {
      const durable = await this.nextDurable();
      failures.push(...durable.failures);
      if (durable.upToSequence >= sequence) return failures;
    }
  }

  /** Says that nothing more comes and reads to the end; undefined: it ended with OK. */
  async end(): Promise<CallErrorFacts | undefined> {
    this.#hasEnded = true;
    this.#wake.resolve();
    return await this.failure();
  }

  /** Reads to the end; undefined: it ended with OK. */
  async failure(): Promise<CallErrorFacts | undefined> {
    try {
      while (!(await this.#replies.next()).done);
      return undefined;
    } catch (error) {
      return factsOf(error);
    } finally {
      this.#hasEnded = true;
      this.#wake.resolve();
    }
  }

  /** Goes away without a word. */
  async cut(): Promise<void> {
    this.#caller.abort();
    await this.failure();
  }

  async *#requests(): AsyncGenerator<Request> {
    for (;;) {
      const next = this.#outgoing.shift();
      if (next) {
        yield next;
        continue;
      }
      if (this.#hasEnded) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }
}

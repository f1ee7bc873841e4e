import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import {
  type AddDocumentRequestSchema,
  type IngestDocumentsRequestSchema,
  type IngestDocumentsResponse,
  type IngestFailure,
  type IngestItem,
  IngestItemSchema,
  type MemoryService,
} from "#gen/llmemory/v1/memory_service_pb.js";
import { durationMilliseconds } from "../format/quantities.ts";
import { IngestCredit } from "./ingest-credit.ts";

/** The documents of a stream. Any of them can be asked for again, after a connection was lost. */
export interface IngestSource {
  readonly count: number;
  /** @param sequence from 1 to count. */
  documentAt(sequence: number, signal: AbortSignal): Promise<MessageInitShape<typeof AddDocumentRequestSchema>>;
}

export interface IngestStream {
  readonly ownerId: string;
  readonly streamId: string;
  /** Much is to come: commit more together, and build the vector index afterwards. */
  readonly isBulk?: boolean;
  readonly source: IngestSource;
}

/** What is told while a stream runs. */
export interface IngestEvents {
  /** Called with the position on each connection's first message, and each time it moves. */
  onDurable(upToSequence: number): void;
  /** Called with the position up to which vector search finds everything, and how many chunks of the owner never will be found so. */
  onIndexed(upToSequence: number, deadChunks: number): void;
  /** Called before these failures are acknowledged; from then on the service no longer keeps them. */
  onFailures(failures: readonly IngestFailure[]): void;
}

/** How a connection ended that was not lost: with everything durable, or since the service asked to come back later. */
export type ConnectionEnd = { readonly kind: "complete" } | { readonly kind: "drained"; readonly retryAfterMs: number };

/** The service ends a stream with more than 1,000 failures that are not acknowledged; this stays far below, whatever is in flight. */
const failuresUnacknowledgedMax = 100;

type Request = MessageInitShape<typeof IngestDocumentsRequestSchema>;

/**
 * One connection of an ingest stream: it goes on after the service's durable position, keeps within its window, acknowledges
 * failures and ends when everything is durable. Memory holds one document that waits for credit; what is in flight is not kept,
 * since it can be read again.
 */
export class IngestConnection {
  readonly #stream: IngestStream;
  readonly #events: IngestEvents;
  readonly #signal: AbortSignal;
  readonly #credit = new IngestCredit();
  #startedAt: number | undefined;
  #durableUpTo: number | undefined;
  #drainMs: number | undefined;
  #ended = false;
  #failures: IngestFailure[] = [];
  #changed = Promise.withResolvers<void>();

  constructor(stream: IngestStream, events: IngestEvents, signal: AbortSignal) {
    this.#stream = stream;
    this.#events = events;
    this.#signal = signal;
  }

  /** The position of the connection's first message; undefined until it comes. */
  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  /** The position by now. */
  get durableUpTo(): number | undefined {
    return this.#durableUpTo;
  }

  /**
   * Runs the connection to its end.
   *
   * @throws ConnectError if it was lost or refused; undefined as a result means that it ended without a reason.
   */
  async run(memory: Client<typeof MemoryService>): Promise<ConnectionEnd | undefined> {
    try {
      const responses = memory.ingestDocuments(this.#requests(), { signal: this.#signal });
      for await (const response of responses) this.#receive(response);
    } catch (error) {
      // When all is durable and acknowledged, how the connection ends makes no difference.
      if (!this.#isComplete()) throw error;
    } finally {
      this.#ended = true;
      this.#wake();
    }
    if (this.#isComplete()) return { kind: "complete" };
    return this.#drainMs === undefined ? undefined : { kind: "drained", retryAfterMs: this.#drainMs };
  }

  async *#requests(): AsyncGenerator<Request> {
    const { ownerId, streamId, isBulk: bulk = false } = this.#stream;
    yield { message: { case: "open", value: { ownerId, streamId, bulk } } };
    let next: { readonly item: IngestItem; readonly bytes: number } | undefined;
    let sequence = 0;
    while (!this.#ended) {
      const changed = this.#changed.promise;
      const acknowledged = this.#acknowledge();
      if (acknowledged !== undefined) yield { message: { case: "ack", value: { upToSequence: BigInt(acknowledged) } } };
      if (this.#isDone()) return;
      if (sequence === 0 && this.#durableUpTo !== undefined) sequence = this.#durableUpTo + 1;
      // The next document is read while the window is still full.
      if (next === undefined && sequence > 0 && sequence <= this.#stream.source.count) next = await this.#read(sequence);
      if (next === undefined || !this.#credit.allows(next.bytes)) {
        await changed;
        continue;
      }
      this.#credit.sent(sequence, next.bytes);
      yield { message: { case: "item", value: next.item } };
      next = undefined;
      sequence++;
    }
  }

  async #read(sequence: number): Promise<{ item: IngestItem; bytes: number }> {
    const document = await this.#stream.source.documentAt(sequence, this.#signal);
    const item = create(IngestItemSchema, { sequence: BigInt(sequence), document });
    return { item, bytes: toBinary(IngestItemSchema, item).byteLength };
  }

  #receive({ message }: IngestDocumentsResponse): void {
    if (message.case === "durable") {
      this.#durableUpTo = Number(message.value.upToSequence);
      this.#startedAt ??= this.#durableUpTo;
      this.#credit.durable(this.#durableUpTo);
      this.#failures.push(...message.value.failures);
      this.#events.onDurable(this.#durableUpTo);
    } else if (message.case === "window") {
      this.#credit.setWindow({ items: message.value.items, bytes: Number(message.value.bytes) });
    } else if (message.case === "indexed") {
      this.#events.onIndexed(Number(message.value.upToSequence), message.value.deadChunks);
    } else if (message.case === "drain") {
      this.#drainMs = message.value.retryAfter ? durationMilliseconds(message.value.retryAfter) : 0;
    }
    this.#wake();
  }

  /** Reports failures when enough have come together, or at the end; returns the sequence to acknowledge. */
  #acknowledge(): number | undefined {
    const last = this.#failures.at(-1);
    if (last === undefined || (this.#failures.length < failuresUnacknowledgedMax && !this.#allDurable())) return undefined;
    this.#events.onFailures(this.#failures);
    this.#failures = [];
    return Number(last.sequence);
  }

  #allDurable(): boolean {
    return this.#durableUpTo !== undefined && this.#durableUpTo >= this.#stream.source.count;
  }

  #isComplete(): boolean {
    return this.#allDurable() && this.#failures.length === 0;
  }

  #isDone(): boolean {
    return this.#ended || this.#drainMs !== undefined || this.#isComplete();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

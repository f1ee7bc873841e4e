import type { NewDocument } from "../domain/document.ts";
import { abortError, DomainError, type FieldViolation, InvalidInputError, LimitExceededError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { Wakeup } from "../domain/wakeup.ts";
import type { Queryable } from "../storage/database.ts";
import {
  acknowledgeFailures,
  advanceStream,
  openStream,
  type StreamConnection,
  type StreamFailure,
} from "../storage/ingest-streams.ts";
import { addDocuments, type DocumentDeps } from "./add-documents.ts";

/** One document of a stream as it arrived: either checked, or what is wrong with it. */
export interface IngestItem {
  readonly sequence: number;
  readonly idAtOrigin: string;
  readonly sizeBytes: number;
  readonly document: NewDocument | readonly FieldViolation[];
}

/** Why an item was refused, as it is kept with the stream. */
export type ItemError =
  | { readonly kind: "invalid"; readonly violations: readonly FieldViolation[] }
  | { readonly kind: "internal"; readonly message: string };

/** A durable position and the failures since the one before. */
export interface IngestProgress {
  readonly durableUpTo: number;
  readonly failures: readonly StreamFailure[];
}

/**
 * One connection of an ingest stream. Items are offered by the reader; a committer writes them in groups, each with the stream's
 * position in one transaction; what has become durable is read from `progress`. What is held in memory is bounded by the window,
 * since `offer` waits while it is full.
 */
export class IngestSession {
  readonly opened: IngestProgress;
  readonly #deps: DocumentDeps;
  readonly #connection: StreamConnection;
  readonly #signal: AbortSignal;
  readonly #changed = new Wakeup();
  readonly #items: IngestItem[] = [];
  #itemsBytes = 0;
  #inFlightItems = 0;
  #lastSequence: number;
  /** Sequences of failures that the client has not acknowledged. */
  #unacknowledged: number[];
  #isFinished = false;

  /** Opens the stream and fences its earlier connections. */
  static async open(deps: DocumentDeps, key: { ownerId: string; streamId: string }, signal: AbortSignal): Promise<IngestSession> {
    const { connection, durableUpTo, failures } = await openStream(deps.database, key, deps.clock.now(), signal);
    return new IngestSession(deps, connection, { durableUpTo, failures }, signal);
  }

  private constructor(deps: DocumentDeps, connection: StreamConnection, opened: IngestProgress, signal: AbortSignal) {
    this.#deps = deps;
    this.#connection = connection;
    this.#signal = signal;
    this.opened = opened;
    this.#lastSequence = opened.durableUpTo;
    this.#unacknowledged = opened.failures.map((failure) => failure.sequence);
  }

  /**
   * Takes an item; returns once there is room for the next.
   *
   * @throws InvalidInputError if the sequence leaves a gap: what is missing could never become durable.
   */
  async offer(item: IngestItem): Promise<void> {
    if (item.sequence <= this.opened.durableUpTo) return;
    if (item.sequence !== this.#lastSequence + 1) {
      const description = `is ${item.sequence}, but ${this.#lastSequence + 1} comes next; sequences run without gaps`;
      throw new InvalidInputError([{ field: "item.sequence", rule: "item.sequence.next", description }]);
    }
    this.#lastSequence = item.sequence;
    this.#items.push(item);
    this.#itemsBytes += item.sizeBytes;
    this.#inFlightItems++;
    this.#changed.notify();
    while (this.#isFull() && !this.#isFinished && !this.#signal.aborted)
      await this.#changed.wait(limits.streamIdleMs, this.#signal);
  }

  /** Forgets failures that the client has seen. */
  async acknowledge(upToSequence: number): Promise<void> {
    await acknowledgeFailures(this.#deps.database, this.#connection, upToSequence, this.#signal);
    this.#unacknowledged = this.#unacknowledged.filter((sequence) => sequence > upToSequence);
  }

  /** No more items will come: `progress` ends once all have been committed. */
  finish(): void {
    this.#isFinished = true;
    this.#changed.notify();
  }

  /** Commits groups of items and yields each position once it is durable; ends after `finish`, throws when the stream cannot go on. */
  async *progress(): AsyncGenerator<IngestProgress> {
    for (;;) {
      while (this.#items.length === 0) {
        if (this.#isFinished) return;
        await this.#changed.wait(limits.streamIdleMs, this.#signal);
        if (this.#signal.aborted) throw abortError(this.#signal);
      }
      if (!this.#isGroupFull() && !this.#isFinished) await this.#changed.wait(limits.streamBatchAgeMs, this.#signal);
      // Before the commit rather than after it: a client that opens the stream again without acknowledging adds no failures.
      if (this.#unacknowledged.length > limits.streamFailuresMax) {
        const message = `more than ${limits.streamFailuresMax} failures have not been acknowledged; open the stream again and send Ack before items`;
        throw new LimitExceededError("UNACKNOWLEDGED_FAILURES", message);
      }
      const group = this.#takeGroup();
      const failures = await this.#commit(group);
      this.#inFlightItems -= group.length;
      this.#unacknowledged.push(...failures.map((failure) => failure.sequence));
      this.#changed.notify();
      yield { durableUpTo: group.at(-1)?.sequence ?? this.opened.durableUpTo, failures };
    }
  }

  #isFull(): boolean {
    return this.#inFlightItems >= limits.streamWindowItems || this.#itemsBytes >= limits.streamWindowBytes;
  }

  #isGroupFull(): boolean {
    return this.#items.length >= limits.streamBatchItemsMax || this.#itemsBytes >= limits.streamBatchBytesMax;
  }

  /** The next items that are committed together: bounded in number and bytes, and no document twice. */
  #takeGroup(): IngestItem[] {
    const keys = new Set<string>();
    let bytes = 0;
    let count = 0;
    for (const item of this.#items) {
      const isRepeated = item.idAtOrigin !== "" && keys.has(item.idAtOrigin);
      if (count > 0 && (isRepeated || count >= limits.streamBatchItemsMax || bytes + item.sizeBytes > limits.streamBatchBytesMax))
        break;
      keys.add(item.idAtOrigin);
      bytes += item.sizeBytes;
      count++;
    }
    this.#itemsBytes -= bytes;
    return this.#items.splice(0, count);
  }

  /** Commits a group, or, where one document of it cannot be stored, each item alone; returns the failures. */
  async #commit(group: readonly IngestItem[]): Promise<StreamFailure[]> {
    try {
      return await this.#commitTogether(group, undefined);
    } catch (error) {
      // Any other domain error is about the stream or the service: the client resumes from its last durable position.
      if (error instanceof DomainError && !(error instanceof InvalidInputError)) throw error;
      if (group.length > 1) {
        const failures: StreamFailure[] = [];
        for (const item of group) failures.push(...(await this.#commit([item])));
        return failures;
      }
      return await this.#commitTogether(group, this.#itemError(error));
    }
  }

  #itemError(error: unknown): ItemError {
    if (error instanceof InvalidInputError) return { kind: "invalid", violations: error.violations };
    this.#deps.logger.error(
      { err: error, owner_id: this.#connection.ownerId },
      "an item of an ingest stream could not be stored",
    );
    return { kind: "internal", message: "the document could not be stored" };
  }

  /** @param refused why none of the group can be stored; undefined: those that passed their check are. */
  async #commitTogether(group: readonly IngestItem[], refused: ItemError | undefined): Promise<StreamFailure[]> {
    const documents: NewDocument[] = [];
    const failures: StreamFailure[] = [];
    for (const { sequence, idAtOrigin, document } of group) {
      const error = refused ?? ("ownerId" in document ? undefined : { kind: "invalid", violations: document });
      if (error) failures.push({ sequence, idAtOrigin, error: JSON.parse(JSON.stringify(error)) });
      else if ("ownerId" in document) documents.push(document);
    }
    const durableUpTo = group.at(-1)?.sequence ?? 0;
    const advance = (transaction: Queryable) =>
      advanceStream(transaction, this.#connection, { durableUpTo, failures, now: this.#deps.clock.now() });
    await addDocuments(this.#deps, documents, this.#signal, advance);
    return failures;
  }
}

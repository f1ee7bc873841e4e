import { setImmediate as nextTurn } from "node:timers/promises";
import { v7 as uuidV7 } from "uuid";
import type { NewDocument } from "../domain/document.ts";
import { abortError, DomainError, type FieldViolation, InvalidInputError, LimitExceededError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { Wakeup } from "../domain/wakeup.ts";
import type { Queryable } from "../storage/database.ts";
import {
  acknowledgeFailures,
  advanceStream,
  endBulkLoad,
  openStream,
  type StreamConnection,
  type StreamFailure,
} from "../storage/ingest-streams.ts";
import { readNewestWaiting } from "../storage/waiting-chunks.ts";
import { commitDocuments, type DocumentDeps, prepareDocuments, type ReadyDocument } from "./add-documents.ts";
import { IndexedPosition, type IndexedProgress } from "./indexed-position.ts";
import { type BatchSize, countOfBatch, isBatch } from "./ingest-batch.ts";
import type { StreamWindow } from "./intake.ts";

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

/** Which stream, and whether it is a bulk load: more is committed together, and the owner's vectors are indexed after it. */
export interface StreamKey {
  readonly ownerId: string;
  readonly streamId: string;
  readonly isBulk?: boolean;
}

const batchSize: BatchSize = { items: limits.streamBatchItemsMax, bytes: limits.streamBatchBytesMax };
const bulkBatchSize: BatchSize = { items: limits.bulkBatchItemsMax, bytes: limits.bulkBatchBytesMax };

/** An item whose part before the transaction is done: it is ready to be stored, or known to be refused. */
interface ReadyItem {
  readonly item: IngestItem;
  readonly ready: ReadyDocument | ItemError;
}

/**
 * One connection of an ingest stream. Items are offered by the reader, prepared as they come, and written in groups, each with the
 * stream's position in one transaction; while one group is written, the next is prepared. What has become durable is read from
 * `progress`, what is indexed from `indexed`. What is held in memory is bounded by the window, since `offer` waits while it is full.
 */
export class IngestSession {
  readonly opened: IngestProgress;
  readonly #deps: DocumentDeps;
  readonly #connection: StreamConnection;
  readonly #batchSize: BatchSize;
  readonly #signal: AbortSignal;
  readonly #changed = new Wakeup();
  readonly #indexed: IndexedPosition;
  readonly #items: IngestItem[] = [];
  readonly #ready: ReadyItem[] = [];
  /** Keys of documents that are being prepared or wait for their commit; none is prepared beside itself, so that the later one wins. */
  readonly #keys = new Set<string>();
  #inFlightItems = 0;
  #inFlightBytes = 0;
  #lastSequence: number;
  /** Sequences of failures that the client has not acknowledged. */
  #unacknowledged: number[];
  #isFinished = false;
  #isPrepared = false;
  #isClosed = false;
  readonly #hurry = new AbortController();

  /** Opens the stream and fences its earlier connections. */
  static async open(deps: DocumentDeps, key: StreamKey, signal: AbortSignal): Promise<IngestSession> {
    const stream = { ...key, isBulk: key.isBulk ?? false };
    const { connection, durableUpTo, failures } = await openStream(deps.database, stream, deps.clock.now(), signal);
    const session = new IngestSession(deps, connection, { durableUpTo, failures }, signal);
    if (durableUpTo > 0) session.#indexed.add(durableUpTo, await session.#newestWaiting());
    return session;
  }

  private constructor(deps: DocumentDeps, connection: StreamConnection, opened: IngestProgress, signal: AbortSignal) {
    this.#deps = deps;
    this.#connection = connection;
    this.#batchSize = connection.isBulk ? bulkBatchSize : batchSize;
    this.#signal = signal;
    this.#indexed = new IndexedPosition(deps, connection.ownerId);
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
    this.#inFlightItems++;
    this.#inFlightBytes += item.sizeBytes;
    this.#changed.notify();
    while (this.#isFull(item.sizeBytes) && !this.#isFinished && !this.#signal.aborted)
      await this.#changed.wait(limits.streamWindowLookMs, this.#signal);
  }

  /** Forgets failures that the client has seen. */
  async acknowledge(upToSequence: number): Promise<void> {
    await acknowledgeFailures(this.#deps.database, this.#connection, upToSequence, this.#signal);
    this.#unacknowledged = this.#unacknowledged.filter((sequence) => sequence > upToSequence);
  }

  /** No more items will come: `progress` ends once all have been committed; `hurry` does not wait for room in the embedding queue. */
  finish(options: { hurry?: boolean } = {}): void {
    this.#isFinished = true;
    if (options.hurry) this.#hurry.abort();
    this.#changed.notify();
  }

  /** The client has sent all that it had: what a bulk load has stored may go into the approximate index. */
  async complete(): Promise<void> {
    if (!this.#connection.isBulk) return;
    await endBulkLoad(this.#deps.database, this.#connection, this.#signal);
    this.#deps.vectorsGiven?.tell([this.#connection.ownerId]);
  }

  /** How much may be in flight now; the client is told when it changes. */
  get window(): StreamWindow {
    const { items, bytes } = this.#deps.intake.window;
    if (!this.#connection.isBulk) return { items, bytes };
    return { items: Math.ceil((items * limits.bulkWindowItems) / limits.streamWindowItems), bytes };
  }

  /** Positions as they are found indexed, what was durable before included; ends after the last one, or when the signal aborts. */
  indexed(signal: AbortSignal): AsyncGenerator<IndexedProgress> {
    return this.#indexed.changes(signal);
  }

  /** Commits groups of items and yields each position once it is durable; ends after `finish`, throws when the stream cannot go on. */
  async *progress(): AsyncGenerator<IngestProgress> {
    const preparing = this.#prepareItems().finally(() => {
      this.#isPrepared = true;
      this.#changed.notify();
    });
    // Its failure is thrown below, once what was prepared before it is durable.
    preparing.catch(() => undefined);
    try {
      for (;;) {
        if (this.#ready.length === 0) {
          if (this.#isPrepared) return await preparing;
          await this.#changed.wait(limits.streamIdleMs, this.#signal);
          if (this.#signal.aborted) throw abortError(this.#signal);
          continue;
        }
        await this.#untilRoom();
        // Before the commit rather than after it: a client that opens the stream again without acknowledging adds no failures.
        if (this.#unacknowledged.length > limits.streamFailuresMax) {
          const message = `more than ${limits.streamFailuresMax} failures have not been acknowledged; open the stream again and send Ack before items`;
          throw new LimitExceededError("UNACKNOWLEDGED_FAILURES", message);
        }
        yield await this.#commitNext();
      }
    } finally {
      this.#isClosed = true;
      this.finish();
      this.#indexed.end();
    }
  }

  /** Whether there is no room for one more item, which is taken to be as large as the last: it is in memory before its size is known. */
  #isFull(sizeBytes: number): boolean {
    const { items, bytes } = this.window;
    return this.#inFlightItems >= items || (this.#inFlightItems > 0 && this.#inFlightBytes + sizeBytes > bytes);
  }

  /** While the embedding queue is full, a stream goes on all the same, though slowly with what has to be embedded. */
  async #untilRoom(): Promise<void> {
    if (!this.#deps.intake.isFull || !this.#ready[0] || !makesJobs(this.#ready[0])) return;
    const signal = AbortSignal.any([this.#signal, this.#hurry.signal]);
    await new Wakeup().wait(limits.streamTrickleMs, signal);
    if (this.#signal.aborted) throw abortError(this.#signal);
  }

  /** Prepares what comes, a batch at a time and at most one batch ahead of what is being committed. */
  async #prepareItems(): Promise<void> {
    while (!this.#isClosed) {
      const ready = this.#ready.map(({ item }) => item);
      const batch = isBatch(ready, this.#batchSize) ? [] : this.#takeBatch();
      if (batch.length > 0) {
        this.#ready.push(...(await this.#prepare(batch)));
        this.#changed.notify();
        continue;
      }
      if (this.#isFinished && this.#items.length === 0) return;
      await this.#changed.wait(limits.streamIdleMs, this.#signal);
      if (this.#signal.aborted) throw abortError(this.#signal);
      // What has arrived together is committed together, once it is decoded.
      await nextTurn();
    }
  }

  /** The next items that are prepared together: bounded in number and bytes, and no document that is under way already. */
  #takeBatch(): IngestItem[] {
    const count = countOfBatch(this.#items, this.#batchSize, ({ idAtOrigin }) => {
      if (idAtOrigin === "") return true;
      if (this.#keys.has(idAtOrigin)) return false;
      this.#keys.add(idAtOrigin);
      return true;
    });
    return this.#items.splice(0, count);
  }

  async #prepare(batch: readonly IngestItem[]): Promise<ReadyItem[]> {
    const documents = batch.flatMap(({ document }) => ("ownerId" in document ? [document] : []));
    const options = { makesWords: this.#connection.isBulk };
    const outcomes = (await prepareDocuments(this.#deps, documents, this.#signal, options))[Symbol.iterator]();
    return batch.map((item) => {
      if (!("ownerId" in item.document)) return { item, ready: { kind: "invalid", violations: item.document } };
      const outcome = outcomes.next().value;
      if (outcome?.status === "fulfilled") return { item, ready: outcome.value };
      return { item, ready: this.#itemError(outcome?.reason) };
    });
  }

  /** Commits what is ready, up to a group. */
  async #commitNext(): Promise<IngestProgress> {
    const group = this.#ready.splice(0, this.#groupSize());
    // There is room for the next batch, which is prepared meanwhile.
    this.#changed.notify();
    const newestChunkId = uuidV7();
    const { failures, isAllNew } = await this.#commit(group);
    const durableUpTo = group.at(-1)?.item.sequence ?? this.opened.durableUpTo;
    // Chunks that were there before may have their ids from another process, with another clock.
    this.#indexed.add(durableUpTo, isAllNew ? newestChunkId : await this.#newestWaiting());
    for (const { item } of group) {
      this.#keys.delete(item.idAtOrigin);
      this.#inFlightItems--;
      this.#inFlightBytes -= item.sizeBytes;
    }
    this.#unacknowledged.push(...failures.map((failure) => failure.sequence));
    this.#changed.notify();
    return { durableUpTo, failures };
  }

  #groupSize(): number {
    const items = this.#ready.map(({ item }) => item);
    const count = countOfBatch(items, this.#batchSize);
    if (!this.#deps.intake.isFull) return count;
    const first = this.#ready.findIndex(makesJobs);
    return first < 0 ? count : Math.max(1, Math.min(count, first));
  }

  /** Commits a group, or, where one document of it cannot be stored, its halves, down to that item alone; returns the failures. */
  async #commit(group: readonly ReadyItem[]): Promise<{ failures: StreamFailure[]; isAllNew: boolean }> {
    try {
      return await this.#commitTogether(group);
    } catch (error) {
      const refused = this.#itemError(error);
      if (group.length === 1) return await this.#commitTogether(group.map(({ item }) => ({ item, ready: refused })));
      const middle = Math.ceil(group.length / 2);
      const halves = [await this.#commit(group.slice(0, middle)), await this.#commit(group.slice(middle))];
      return { failures: halves.flatMap(({ failures }) => failures), isAllNew: halves.every(({ isAllNew }) => isAllNew) };
    }
  }

  async #commitTogether(group: readonly ReadyItem[]): Promise<{ failures: StreamFailure[]; isAllNew: boolean }> {
    const documents: ReadyDocument[] = [];
    const failures: StreamFailure[] = [];
    for (const { item, ready } of group) {
      if ("document" in ready) documents.push(ready);
      else failures.push({ sequence: item.sequence, idAtOrigin: item.idAtOrigin, error: JSON.parse(JSON.stringify(ready)) });
    }
    const durableUpTo = group.at(-1)?.item.sequence ?? 0;
    const advance = (transaction: Queryable) =>
      advanceStream(transaction, this.#connection, { durableUpTo, failures, now: this.#deps.clock.now() });
    const results = await commitDocuments(this.#deps, documents, this.#signal, advance);
    return { failures, isAllNew: results.every(({ outcome }) => outcome === "created") };
  }

  /**
   * What is kept of an error that is about one item.
   *
   * @throws any other domain error, which is about the stream or the service: the client resumes from its last durable position.
   */
  #itemError(error: unknown): ItemError {
    if (error instanceof InvalidInputError) return { kind: "invalid", violations: error.violations };
    if (error instanceof DomainError) throw error;
    this.#deps.logger.error(
      { err: error, owner_id: this.#connection.ownerId },
      "an item of an ingest stream could not be stored",
    );
    return { kind: "internal", message: "the document could not be stored" };
  }

  /** No chunk that the owner has now, and that waits, has a greater id. */
  async #newestWaiting(): Promise<string> {
    const waiting = { ownerId: this.#connection.ownerId, modelId: this.#deps.table.modelId };
    return (await readNewestWaiting(this.#deps.database, waiting, this.#signal)) ?? "";
  }
}

/** Whether storing an item gives work to the embedder. */
function makesJobs({ ready }: ReadyItem): boolean {
  return "work" in ready && "prepared" in ready.work && ready.document.embedding === undefined;
}

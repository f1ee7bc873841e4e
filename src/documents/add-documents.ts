import type { TextChunker } from "../chunking/text-chunker.ts";
import { checkExpiry } from "../domain/check-expiry.ts";
import type { Clock } from "../domain/clock.ts";
import type { NewDocument, StoredDocument } from "../domain/document.ts";
import { type Enrichment, type EnrichmentDegradation, noEnrichment, resolveEnrichment } from "../domain/enrichment.ts";
import { ConflictError, InvalidInputError } from "../domain/errors.ts";
import type { OwnerNotices } from "../domain/owner-notices.ts";
import type { Wakeup } from "../domain/wakeup.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import { traced } from "../observability/tracing.ts";
import type { Database, Queryable } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { WordVectorMaker } from "../storage/make-word-vectors.ts";
import { findUnchangedDocuments } from "../storage/read-documents.ts";
import { type PreparedDocument, type StoreResult, storeDocuments } from "../storage/store-documents.ts";
import { enrichDocument } from "./enrich-document.ts";
import type { Intake } from "./intake.ts";
import type { ModelEnricher } from "./model-enricher.ts";
import { fingerprintOf, prepareDocument } from "./prepare-document.ts";
import type { QueueFronts } from "./queue-fronts.ts";

export interface DocumentDeps {
  readonly database: Database;
  readonly table: EmbeddingTable;
  readonly chunker: TextChunker;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  /** What is made beside the text of documents that do not say. Default: nothing. */
  readonly enrichmentDefaults?: Enrichment | undefined;
  /** Writes it where a chat model is to; undefined: there is no chat model. */
  readonly enricher?: ModelEnricher | undefined;
  /** Told of the jobs that each commit has made. */
  readonly intake: Intake;
  /** Told after each commit that may have made embedding jobs. */
  readonly jobsEnqueued: Wakeup;
  /** Tells when embedding jobs of this process have ended. */
  readonly jobsSettled: Wakeup;
  /** Tells streams how far their owners' vectors are. */
  readonly queueFronts: QueueFronts;
  /** Told after each commit of vectors that clients gave. */
  readonly vectorsGiven?: OwnerNotices | undefined;
}

/** Commits more with the documents of a transaction, in the order of which these are the results; it may undo all by throwing. */
export type RecordResults = (transaction: Queryable, results: readonly AddResult[]) => Promise<void>;

/**
 * Adds documents in one transaction, each replacing the one under its key. Documents that are stored already, just so, cost one
 * look and no write.
 *
 * @param documents checked; no key twice.
 * @param alsoInTransaction more to commit with them, such as a stream's position; it runs first and may refuse by throwing.
 * @param record the same, but runs last.
 * @returns results in the order of `documents`, once they are committed.
 */
export async function addDocuments(
  deps: DocumentDeps,
  documents: readonly NewDocument[],
  signal: AbortSignal,
  alsoInTransaction?: (transaction: Queryable) => Promise<void>,
  record?: RecordResults,
): Promise<AddResult[]> {
  const outcomes = await prepareDocuments(deps, documents, signal);
  const ready = outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
  return await commitDocuments(deps, ready, signal, alsoInTransaction, record);
}

/** A document with all that committing it needs. */
export interface ReadyDocument {
  readonly document: NewDocument;
  /** `stored`: as it is, when nothing has to be done. */
  readonly work: { readonly stored: StoredDocument } | { readonly prepared: PreparedDocument };
  /** What a chat model was to write and did not. */
  readonly degraded: readonly EnrichmentDegradation[];
  readonly startedMs: number;
}

/** What became of an add; `degraded` as of `ReadyDocument`. */
export type AddResult = StoreResult & Partial<Pick<ReadyDocument, "degraded">>;

/**
 * Does all of an add that comes before the transaction.
 *
 * @param documents checked; no key twice.
 * @param options.makesWords has the words of their chunks made as well: worth it where another transaction is under way meanwhile.
 * @returns in the order of `documents`; those that cannot be stored are rejected, each alone.
 */
export async function prepareDocuments(
  deps: DocumentDeps,
  documents: readonly NewDocument[],
  signal: AbortSignal,
  options: { readonly makesWords?: boolean } = {},
): Promise<PromiseSettledResult<ReadyDocument>[]> {
  const startedMs = performance.now();
  // Hashed once: a document may be 15 MiB.
  const fingerprinted = documents.map((document) => {
    const enrichment = resolveEnrichment(document.enrichment, deps.enrichmentDefaults ?? noEnrichment);
    return { document, enrichment, fingerprint: fingerprintOf(document, enrichment, deps.enricher?.model) };
  });
  const unchanged = await findUnchanged(deps, fingerprinted, signal);
  // The embedded database has one connection, on which nothing is done beside something else.
  const words = options.makesWords && deps.database.kind === "postgres" ? new WordVectorMaker(deps.database, signal) : undefined;
  const prepare = async ({ document, ...given }: (typeof fingerprinted)[number]): Promise<ReadyDocument> => {
    const violations = checkExpiry(document.expiresAt, deps.clock.now());
    if (violations.length > 0) throw new InvalidInputError(violations);
    const stored = unchanged.get(document);
    if (stored) return { document, work: { stored }, degraded: [], startedMs };
    const prepared = await prepareDocument(deps, document, given, signal);
    const { enrichment } = given;
    const enriched = await enrichDocument(deps, prepared, { enrichment, documentsAtOnce: documents.length }, signal);
    const complete = words ? await words.add(enriched.prepared) : enriched.prepared;
    return { document, work: { prepared: complete }, degraded: enriched.degraded, startedMs };
  };
  const attributes = { documents: documents.length };
  return await traced({ name: "memory.prepare_documents", attributes }, () => Promise.allSettled(fingerprinted.map(prepare)));
}

/**
 * Commits documents that were prepared, in one transaction.
 *
 * @param documents no key twice.
 * @returns results in the order of `documents`.
 */
export async function commitDocuments(
  deps: DocumentDeps,
  documents: readonly ReadyDocument[],
  signal: AbortSignal,
  alsoInTransaction?: (transaction: Queryable) => Promise<void>,
  record?: RecordResults,
): Promise<AddResult[]> {
  const prepared = documents.flatMap(({ work }) => ("prepared" in work ? [work.prepared] : []));
  let stored: readonly StoreResult[] = [];
  if (prepared.length > 0 || alsoInTransaction || record) {
    const commit = async (transaction: Queryable) => {
      await alsoInTransaction?.(transaction);
      const options = { table: requireModel(deps.table, prepared), now: deps.clock.now() };
      const results = prepared.length === 0 ? [] : await storeDocuments(transaction, prepared, options);
      await record?.(transaction, resultsInOrder(documents, results));
      return results;
    };
    const attributes = { documents: documents.length };
    stored = await traced({ name: "memory.commit_documents", attributes }, async (span) => {
      const results = await deps.database.transaction(commit, { signal });
      span?.setAttribute(
        "chunks_created",
        results.reduce((sum, result) => sum + result.chunksCreated, 0),
      );
      return results;
    });
    const isEmbedded = (index: number) => prepared[index]?.document.embedding !== undefined;
    const jobsOf = (result: StoreResult) => result.chunksCreated + (result.chunksReembedded ?? 0);
    const jobs = stored.reduce((sum, result, index) => sum + (isEmbedded(index) ? 0 : jobsOf(result)), 0);
    deps.intake.added(jobs);
    if (jobs > 0) deps.jobsEnqueued.notify();
    const ownersWithVectors = stored.flatMap((result, index) => (isEmbedded(index) ? [result.document.ownerId] : []));
    if (ownersWithVectors.length > 0) deps.vectorsGiven?.tell(ownersWithVectors);
  }
  const results = resultsInOrder(documents, stored);
  results.forEach((result, index) => {
    observe(deps.metrics, result, (performance.now() - (documents[index]?.startedMs ?? 0)) / 1_000);
  });
  return results;
}

/**
 * The table for vectors that came with documents: the model may have been changed since they were checked.
 *
 * @throws ConflictError if it was.
 */
function requireModel(table: EmbeddingTable, prepared: readonly PreparedDocument[]): EmbeddingTable {
  const other = prepared.find(({ document: { embedding } }) => embedding && embedding.modelId !== table.modelId);
  if (!other) return table;
  throw new ConflictError(
    "MODEL_SWITCHED",
    `the active embedding model is ${table.modelId} since a moment, and vectors of ${other.document.embedding?.modelId} came; send vectors of that model, or none`,
  );
}

/** @param stored of those that had to be stored, in their order. */
function resultsInOrder(documents: readonly ReadyDocument[], stored: readonly StoreResult[]): AddResult[] {
  const storedInOrder = stored[Symbol.iterator]();
  return documents.map(({ document, work, degraded }) => {
    const result = "stored" in work ? unchangedResult(work.stored) : storedInOrder.next().value;
    if (!result) throw new Error(`no result for document "${document.idAtOrigin}"`);
    const created = result.outcome === "created" ? { embeddingsPending: document.embedding ? 0 : result.chunksCreated } : {};
    return { ...result, ...created, degraded };
  });
}

function unchangedResult(document: StoredDocument): StoreResult {
  const { chunkCount: chunksKept } = document;
  return { document, outcome: "unchanged", chunksCreated: 0, chunksKept, chunksRemoved: 0, chunksReembedded: 0 };
}

async function findUnchanged(
  deps: DocumentDeps,
  documents: readonly { readonly document: NewDocument; readonly fingerprint: Buffer }[],
  signal: AbortSignal,
): Promise<Map<NewDocument, StoredDocument>> {
  if (documents.length === 0) return new Map();
  const keys = documents.map(({ document, fingerprint }) => ({
    ownerId: document.ownerId,
    idAtOrigin: document.idAtOrigin,
    fingerprint,
    expiresAt: document.expiresAt,
  }));
  const found = await findUnchangedDocuments(deps.database, keys, signal);
  const unchanged = new Map<NewDocument, StoredDocument>();
  for (const { document } of documents) {
    const stored = found.find(
      (candidate) => candidate.ownerId === document.ownerId && candidate.idAtOrigin === document.idAtOrigin,
    );
    if (stored) unchanged.set(document, stored);
  }
  return unchanged;
}

function observe(metrics: Metrics, { document, outcome }: StoreResult, seconds: number): void {
  if (outcome === "unchanged") return;
  const { ownerId, documentType } = document;
  metrics.documents.inc({ owner_id: metrics.owners.label(ownerId), document_type: documentType });
  const labels = { owner_id: metrics.histogramOwners.label(ownerId), document_type: documentType };
  metrics.documentProcessingSeconds.observe(labels, seconds);
  metrics.documentSizeBytes.observe(labels, document.sizeBytes);
  metrics.chunksPerDocument.observe(labels, document.chunkCount);
}

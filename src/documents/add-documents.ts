import type { TextChunker } from "../chunking/text-chunker.ts";
import type { Clock } from "../domain/clock.ts";
import type { NewDocument, StoredDocument } from "../domain/document.ts";
import type { Wakeup } from "../domain/wakeup.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Database, Queryable } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { findUnchangedDocuments } from "../storage/read-documents.ts";
import { type PreparedDocument, type StoreResult, storeDocuments } from "../storage/store-documents.ts";
import { fingerprintOf, prepareDocument } from "./prepare-document.ts";

export interface DocumentDeps {
  readonly database: Database;
  readonly table: EmbeddingTable;
  readonly chunker: TextChunker;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Told after each commit that may have made embedding jobs. */
  readonly jobsEnqueued: Wakeup;
  /** Tells when embedding jobs of this process have ended. */
  readonly jobsSettled: Wakeup;
}

/**
 * Adds documents in one transaction, each replacing the one under its key. Documents that are stored already, just so, cost one
 * look and no write.
 *
 * @param documents checked; no key twice.
 * @param alsoInTransaction more to commit with them, such as a stream's position; it runs first and may refuse by throwing.
 * @returns results in the order of `documents`, once they are committed.
 */
export async function addDocuments(
  deps: DocumentDeps,
  documents: readonly NewDocument[],
  signal: AbortSignal,
  alsoInTransaction?: (transaction: Queryable) => Promise<void>,
): Promise<StoreResult[]> {
  const started = performance.now();
  // Hashed once: a document may be 15 MiB.
  const fingerprinted = documents.map((document) => ({ document, fingerprint: fingerprintOf(document) }));
  const unchanged = await findUnchanged(deps, fingerprinted, signal);
  const changed = fingerprinted.filter(({ document }) => !unchanged.has(document));
  const prepared: PreparedDocument[] = [];
  for (const { document, fingerprint } of changed) prepared.push(await prepareDocument(deps, document, fingerprint, signal));
  const results = new Map<NewDocument, StoreResult>();
  for (const [document, stored] of unchanged) {
    results.set(document, {
      document: stored,
      outcome: "unchanged",
      chunksCreated: 0,
      chunksKept: stored.chunkCount,
      chunksRemoved: 0,
    });
  }
  if (prepared.length > 0 || alsoInTransaction) {
    const stored = await deps.database.transaction(
      async (transaction) => {
        await alsoInTransaction?.(transaction);
        if (prepared.length === 0) return [];
        return await storeDocuments(transaction, prepared, { modelId: deps.table.modelId, now: deps.clock.now() });
      },
      { signal },
    );
    changed.forEach(({ document }, index) => {
      const result = stored[index];
      if (result) results.set(document, result);
    });
    if (stored.some((result) => result.chunksCreated > 0)) deps.jobsEnqueued.notify();
  }
  const inOrder = documents.map((document) => {
    const result = results.get(document);
    if (!result) throw new Error(`no result for document "${document.idAtOrigin}"`);
    return result;
  });
  observe(deps.metrics, inOrder, (performance.now() - started) / 1_000);
  return inOrder;
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

function observe(metrics: Metrics, results: readonly StoreResult[], seconds: number): void {
  for (const { document, outcome } of results) {
    if (outcome === "unchanged") continue;
    const labels = { owner_id: metrics.owners.label(document.ownerId), document_type: document.documentType };
    metrics.documents.inc(labels);
    metrics.documentProcessingSeconds.observe(labels, seconds);
    metrics.documentSizeBytes.observe(labels, document.sizeBytes);
    metrics.chunksPerDocument.observe(labels, document.chunkCount);
  }
}

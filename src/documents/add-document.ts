import type { NewDocument } from "../domain/document.ts";
import { traced } from "../observability/tracing.ts";
import { countPendingJobs } from "../storage/embedding-jobs.ts";
import { type AddResult, addDocuments, type DocumentDeps, type RecordResults } from "./add-documents.ts";
import { waitUntilSearchable } from "./wait-until-searchable.ts";

export type AddDocumentResult = AddResult & {
  /** Chunks that vector search does not find yet. */
  readonly embeddingsPending: number;
};

/**
 * Adds one document; with `waitUntil` "searchable" it returns when vector search finds it too, or never will.
 *
 * @param record more to commit with it.
 * @throws LimitExceededError, with nothing stored, while the embedding queue is full.
 */
export async function addDocument(
  deps: DocumentDeps,
  document: NewDocument,
  waitUntil: "committed" | "searchable",
  signal: AbortSignal,
  record?: RecordResults,
): Promise<AddDocumentResult> {
  deps.intake.requireRoom();
  const { ownerId, documentType } = document;
  const attributes = { owner_id: ownerId, document_type: documentType };
  const result = await traced({ name: "memory.add_document", attributes }, async (span) => {
    const [added] = await addDocuments(deps, [document], signal, undefined, record);
    if (!added) throw new Error("addDocuments returned no result");
    span?.setAttributes({ outcome: added.outcome, chunks_created: added.chunksCreated });
    return added;
  });
  return await answerAdd(deps, document, result, waitUntil, signal);
}

/** What an add answers: as `withPending`, which need not look where everything has just been made. */
export async function answerAdd(
  deps: Pick<DocumentDeps, "database" | "jobsSettled">,
  document: NewDocument,
  result: AddResult,
  waitUntil: "committed" | "searchable",
  signal: AbortSignal,
): Promise<AddDocumentResult> {
  if (waitUntil === "committed" && result.outcome === "created" && result.embeddingsPending === undefined) {
    return { ...result, embeddingsPending: document.embedding ? 0 : result.chunksCreated };
  }
  return await withPending(deps, result, waitUntil, signal);
}

/** A result with the chunks that vector search does not find: now, or once no more are made. */
export async function withPending(
  deps: Pick<DocumentDeps, "database" | "jobsSettled">,
  result: AddResult,
  waitUntil: "committed" | "searchable",
  signal: AbortSignal,
): Promise<AddDocumentResult> {
  if (waitUntil === "searchable") {
    return { ...result, embeddingsPending: await waitUntilSearchable(deps, result.document, signal) };
  }
  if (result.embeddingsPending !== undefined) return { ...result, embeddingsPending: result.embeddingsPending };
  const pending = await countPendingJobs(deps.database, result.document, signal);
  return { ...result, embeddingsPending: pending.waiting + pending.dead };
}

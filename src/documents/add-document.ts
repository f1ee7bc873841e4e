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
  const [answer] = await withPending(deps, [{ result, waitUntil }], signal);
  return requireAnswer(answer);
}

/** What an add has stored, and how long its client waits for an answer. */
export interface StoredAdd {
  readonly result: AddResult;
  readonly waitUntil: "committed" | "searchable";
}

/** Results with the chunks that vector search does not find: now, or, of those whose clients wait for it, once no more are made. */
export async function withPending(
  deps: Pick<DocumentDeps, "database" | "jobsSettled">,
  adds: readonly StoredAdd[],
  signal: AbortSignal,
): Promise<AddDocumentResult[]> {
  const documentsOf = (some: readonly StoredAdd[]) => some.map(({ result }) => result.document);
  const looked = adds.filter(({ waitUntil, result }) => waitUntil === "committed" && result.embeddingsPending === undefined);
  const waited = adds.filter(({ waitUntil }) => waitUntil === "searchable");
  const found = looked.length === 0 ? [] : await countPendingJobs(deps.database, documentsOf(looked), signal);
  const dead = await waitUntilSearchable(deps, documentsOf(waited), signal);
  const pending = new Map<StoredAdd, number | undefined>([
    ...looked.map((add, index) => [add, (found[index]?.waiting ?? 0) + (found[index]?.dead ?? 0)] as const),
    ...waited.map((add, index) => [add, dead[index]] as const),
  ]);
  return adds.map((add) => ({ ...add.result, embeddingsPending: pending.get(add) ?? add.result.embeddingsPending ?? 0 }));
}

/** That of the only add that was asked about. */
export function requireAnswer(answer: AddDocumentResult | undefined): AddDocumentResult {
  if (!answer) throw new Error("an add has no answer");
  return answer;
}

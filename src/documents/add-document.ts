import type { NewDocument } from "../domain/document.ts";
import { countPendingJobs } from "../storage/embedding-jobs.ts";
import type { StoreResult } from "../storage/store-documents.ts";
import { addDocuments, type DocumentDeps } from "./add-documents.ts";
import { waitUntilSearchable } from "./wait-until-searchable.ts";

export type AddDocumentResult = StoreResult & {
  /** Chunks that vector search does not find yet. */
  readonly embeddingsPending: number;
};

/** Adds one document; with `waitUntil` "searchable" it returns when vector search finds it too, or never will. */
export async function addDocument(
  deps: DocumentDeps,
  document: NewDocument,
  waitUntil: "committed" | "searchable",
  signal: AbortSignal,
): Promise<AddDocumentResult> {
  const [result] = await addDocuments(deps, [document], signal);
  if (!result) throw new Error("addDocuments returned no result");
  if (waitUntil === "searchable") {
    return { ...result, embeddingsPending: await waitUntilSearchable(deps, result.document, signal) };
  }
  if (result.outcome === "created") return { ...result, embeddingsPending: result.chunksCreated };
  const pending = await countPendingJobs(deps.database, result.document, signal);
  return { ...result, embeddingsPending: pending.waiting + pending.dead };
}

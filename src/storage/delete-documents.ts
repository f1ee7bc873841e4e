import type { DocumentFilter } from "../domain/filter.ts";
import { limits } from "../domain/limits.ts";
import type { Queryable } from "./database.ts";
import { allowedCondition, Parameters } from "./filter-sql.ts";
import { addToCounters, type CounterChange } from "./owner-counters.ts";
import type { DocumentKey } from "./read-documents.ts";

/** Which documents of an owner to delete. */
export type DocumentChoice =
  /** Those with any of these ids. */
  | {
      readonly kind: "ids";
      readonly documentIds: readonly string[];
      readonly idsAtOrigin: readonly string[];
      readonly liveAt?: Date;
    }
  | { readonly kind: "filter"; readonly filter: DocumentFilter }
  | { readonly kind: "expired"; readonly now: Date };

export interface DeletedBatch {
  readonly documentIds: readonly string[];
  /** Leaves. */
  readonly chunks: number;
  /** Where the next batch goes on; undefined: this was the last one. */
  readonly nextAfter: string | undefined;
}

/**
 * Deletes chosen documents of an owner with all that hangs on them, in the order of their ids, and counts them off: as many as one short
 * transaction may take.
 *
 * @param after the id after which to begin; undefined: at the beginning.
 */
export async function deleteDocuments(
  transaction: Queryable,
  ownerId: string,
  choice: DocumentChoice,
  after?: string,
): Promise<DeletedBatch> {
  const locked = await lockDocuments(transaction, ownerId, choice, after);
  const batch: LockedDocument[] = [];
  let leaves = 0;
  for (const document of locked) {
    leaves += document.chunk_count;
    if (batch.length > 0 && leaves > limits.deleteBatchChunks) break;
    batch.push(document);
  }
  const changes = await deleteLockedDocuments(
    transaction,
    batch.map(({ document_id }) => ({ ownerId, documentId: document_id })),
  );
  await addToCounters(transaction, changes);
  const isLast = batch.length === locked.length && locked.length < limits.deleteBatchDocuments;
  return {
    documentIds: batch.map(({ document_id }) => document_id),
    chunks: changes.reduce((sum, change) => sum - change.chunks, 0),
    nextAfter: isLast ? undefined : batch.at(-1)?.document_id,
  };
}

/** Deletes one document that has not expired; undefined if the owner has none of that key. */
export async function deleteDocument(
  transaction: Queryable,
  key: DocumentKey,
  now: Date,
): Promise<{ documentId: string; chunksDeleted: number } | undefined> {
  const documentIds = "documentId" in key ? [key.documentId] : [];
  const idsAtOrigin = "documentId" in key ? [] : [key.idAtOrigin];
  const batch = await deleteDocuments(transaction, key.ownerId, { kind: "ids", documentIds, idsAtOrigin, liveAt: now });
  const [documentId] = batch.documentIds;
  return documentId === undefined ? undefined : { documentId, chunksDeleted: batch.chunks };
}

/** How many documents of an owner a choice meets, and how many leaves they have. */
export async function countDocuments(
  queryable: Queryable,
  ownerId: string,
  choice: DocumentChoice,
  signal?: AbortSignal,
): Promise<{ documents: number; chunks: number }> {
  const parameters = new Parameters([ownerId]);
  const { rows } = await queryable.query<{ documents: number; chunks: number }>(
    "count_documents",
    `select count(*)::integer as documents, coalesce(sum(d.chunk_count), 0)::integer as chunks
     from documents d
     where ${choiceCondition(choice, parameters)}`,
    parameters.values,
    signal,
  );
  return rows[0] ?? { documents: 0, chunks: 0 };
}

/** Owners with documents that have expired by `now`, a few of them: those whose documents wait longest. */
export async function findOwnersWithExpired(queryable: Queryable, now: Date, signal?: AbortSignal): Promise<string[]> {
  const { rows } = await queryable.query<{ owner_id: string }>(
    "find_owners_with_expired",
    // documents_by_expiry. Without a lock: locks across owners are not for distributed tables.
    `select distinct owner_id
     from (select owner_id from documents where expires_at <= $1 order by expires_at limit $2) as expired`,
    [now, limits.deleteBatchDocuments],
    signal,
  );
  return rows.map((row) => row.owner_id);
}

/**
 * Deletes documents whose rows the transaction holds: chunks with their vectors and jobs, contents, and the rows themselves.
 *
 * @returns what to take off the owners' counters.
 */
export async function deleteLockedDocuments(
  transaction: Queryable,
  documents: readonly { readonly ownerId: string; readonly documentId: string }[],
): Promise<CounterChange[]> {
  if (documents.length === 0) return [];
  const { rows } = await transaction.query<{
    owner_id: string;
    text_config: string;
    chunks: number;
    tokens: number;
    contexts: number;
  }>(
    "delete_documents",
    // The primary key of documents, document_chunks_by_document. Vectors and contents go by foreign key.
    `with chosen as (
       select * from unnest($1::text[], $2::uuid[]) as k (owner_id, document_id)),
     gone as (
       delete from document_chunks c
       using chosen k
       where c.owner_id = k.owner_id and c.document_id = k.document_id
       returning c.owner_id, c.chunk_id, c.chunk_level, c.text_config, c.token_count, c.context_prefix),
     jobs as (
       delete from embedding_jobs j
       using gone
       where j.owner_id = gone.owner_id and j.chunk_id = gone.chunk_id),
     unrooted as (
       delete from documents d
       using chosen k
       where d.owner_id = k.owner_id and d.document_id = k.document_id)
     select owner_id, text_config, count(*)::integer as chunks, sum(token_count)::integer as tokens,
            count(context_prefix)::integer as contexts
     from gone
     where chunk_level = 0
     group by owner_id, text_config`,
    [documents.map(({ ownerId }) => ownerId), documents.map(({ documentId }) => documentId)],
  );
  const changes: CounterChange[] = rows.map((row) => ({
    ownerId: row.owner_id,
    textConfig: row.text_config,
    chunks: -row.chunks,
    tokens: -row.tokens,
    contexts: -row.contexts,
  }));
  // Answers change also with a document without chunks.
  const counted = new Set(rows.map((row) => row.owner_id));
  const others = new Set(documents.map(({ ownerId }) => ownerId).filter((ownerId) => !counted.has(ownerId)));
  return [...changes, ...[...others].map((ownerId) => ({ ownerId, textConfig: "", chunks: 0, tokens: 0 }))];
}

interface LockedDocument {
  readonly document_id: string;
  readonly chunk_count: number;
}

/** Locked first, as writers do, so that a concurrent replacement is deleted whole. */
async function lockDocuments(
  transaction: Queryable,
  ownerId: string,
  choice: DocumentChoice,
  after: string | undefined,
): Promise<LockedDocument[]> {
  const parameters = new Parameters([ownerId]);
  const conditions = [choiceCondition(choice, parameters)];
  if (after !== undefined) conditions.push(`d.document_id > ${parameters.add(after)}::uuid`);
  const { rows } = await transaction.query<LockedDocument>(
    "lock_documents_to_delete",
    `select d.document_id, d.chunk_count
     from documents d
     where ${conditions.join(" and ")}
     order by d.document_id
     limit ${parameters.add(limits.deleteBatchDocuments)}
     for update`,
    parameters.values,
  );
  return rows;
}

/** What must hold of `documents d` of the owner who is the first parameter. */
function choiceCondition(choice: DocumentChoice, parameters: Parameters): string {
  switch (choice.kind) {
    case "filter":
      return allowedCondition(choice.filter, parameters);
    case "expired":
      // documents_of_owner_by_expiry
      return `d.owner_id = $1 and d.expires_at <= ${parameters.add(choice.now)}`;
    case "ids": {
      const isNamed = `(d.document_id = any(${parameters.add(choice.documentIds)}::uuid[])
         or d.id_at_origin = any(${parameters.add(choice.idsAtOrigin)}::text[]))`;
      return `${allowedCondition({ liveAt: choice.liveAt }, parameters)} and ${isNamed}`;
    }
  }
}

import type { Queryable } from "./database.ts";

/** What a chat model has written of a chunk. */
export interface ModelTexts {
  readonly contextPrefix?: string | undefined;
  readonly summary?: string | undefined;
}

/**
 * What a chat model has written of the leaves that are stored under a key, if the document there has the same name: models are told it.
 *
 * @returns by the hash of the leaf's content, in hex; a text that occurs several times is left out, since each place has its own prefix.
 */
export async function readModelTexts(
  queryable: Queryable,
  document: { readonly ownerId: string; readonly idAtOrigin: string; readonly documentName: string },
  model: string,
  signal?: AbortSignal,
): Promise<Map<string, ModelTexts>> {
  const { rows } = await queryable.query<{ content_hash: Buffer; context_prefix: string | null; summary: string | null }>(
    "read_model_texts",
    // documents_owner_id_id_at_origin_key, document_chunks_by_document
    `select c.content_hash, min(case when c.context_model = $4 then c.context_prefix end) as context_prefix,
            min(case when c.summary_model = $4 then c.summary end) as summary
     from documents d
     join document_chunks c on c.owner_id = $1 and c.document_id = d.document_id and c.chunk_level = 0
     where d.owner_id = $1 and d.id_at_origin = $2 and d.document_name = $3
     group by c.content_hash
     having count(*) = 1 and count(c.context_model) + count(c.summary_model) > 0`,
    [document.ownerId, document.idAtOrigin, document.documentName, model],
    signal,
  );
  return new Map(
    rows.map((row) => [
      row.content_hash.toString("hex"),
      { contextPrefix: row.context_prefix ?? undefined, summary: row.summary ?? undefined },
    ]),
  );
}

import type { Queryable } from "./database.ts";

/** A stored piece of a document's text, with the code points before it. */
export interface ContentSegment {
  readonly index: number;
  readonly charStart: number;
  readonly content: string;
}

/** Which segment of a text: by its number, or the one that a code point is in; the last one for what is beyond the end. */
export type SegmentPlace = { readonly index: number } | { readonly charIndex: number };

/**
 * Reads one segment of a document's text, if the document is still of a version: one statement looks at both.
 *
 * @returns undefined if the document has changed or is gone; `segment` is undefined behind the last one.
 */
export async function readSegment(
  queryable: Queryable,
  document: { ownerId: string; documentId: string; version: number },
  place: SegmentPlace,
  signal?: AbortSignal,
): Promise<{ segment: ContentSegment | undefined } | undefined> {
  const [segment, value] =
    "index" in place
      ? ["$4", place.index]
      : [
          "(select max(b.segment) from document_contents b where b.owner_id = $1 and b.document_id = $2 and b.char_start <= $4)",
          place.charIndex,
        ];
  const { rows } = await queryable.query<{ segment: number | null; char_start: number; content: string }>(
    "read_segment",
    // The primary keys of documents and document_contents
    `select s.segment, s.char_start, s.content
     from documents d
     left join document_contents s on s.owner_id = $1 and s.document_id = $2 and s.segment = ${segment}
     where d.owner_id = $1 and d.document_id = $2 and d.version = $3`,
    [document.ownerId, document.documentId, document.version, value],
    signal,
  );
  const row = rows[0];
  if (!row) return undefined;
  if (row.segment === null) return { segment: undefined };
  return { segment: { index: row.segment, charStart: row.char_start, content: row.content } };
}

import type { StoredDocument } from "../domain/document.ts";
import { abortError, ConflictError, NotFoundError } from "../domain/errors.ts";
import { type DocumentKey, findDocument } from "../storage/read-documents.ts";
import { readSegment, type SegmentPlace } from "../storage/read-segment.ts";
import type { DocumentDeps } from "./add-documents.ts";

/** A piece of a document's text: at most one stored segment. */
export interface DocumentPiece {
  readonly document: StoredDocument;
  /** Code points before it. */
  readonly charStart: number;
  readonly content: string;
}

/**
 * Reads a range of a document's text, segment by segment, each only when the one before has been taken: neither memory nor a connection
 * is held between them. All pieces are of the version that was found first.
 *
 * @param range in code points; `charEnd` aside, undefined: to the end of the text.
 * @returns pieces in order, without gaps; a single empty one where the range holds nothing.
 * @throws NotFoundError also if the document belongs to another owner.
 * @throws ConflictError if the document changes or is deleted before the last piece is read.
 */
export async function* readDocument(
  deps: Pick<DocumentDeps, "database" | "clock">,
  key: DocumentKey,
  range: { readonly charStart: number; readonly charEnd: number | undefined },
  signal: AbortSignal,
): AsyncGenerator<DocumentPiece> {
  const document = await findDocument(deps.database, key, deps.clock.now());
  if (!document) throw new NotFoundError("document", "documentId" in key ? key.documentId : key.idAtOrigin);
  const { charStart: rangeStart, charEnd: rangeEnd = Number.POSITIVE_INFINITY } = range;
  let place: SegmentPlace = { charIndex: rangeStart };
  let isFirst = true;
  for (;;) {
    const read = await readSegment(deps.database, document, place, signal);
    if (!read) {
      const message = `document "${document.documentId}" was changed or deleted while it was read; read it again`;
      throw new ConflictError("DOCUMENT_CHANGED", message);
    }
    const { segment } = read;
    const content = segment ? cutSegment(segment, rangeStart, rangeEnd) : "";
    if (content === "" && !isFirst) return;
    yield { document, charStart: segment && content !== "" ? Math.max(segment.charStart, rangeStart) : rangeStart, content };
    if (signal.aborted) throw abortError(signal);
    if (!segment || content === "") return;
    place = { index: segment.index + 1 };
    isFirst = false;
  }
}

/** The part of a segment that is in a range of the text. */
function cutSegment(segment: { charStart: number; content: string }, rangeStart: number, rangeEnd: number): string {
  const start = rangeStart - segment.charStart;
  const end = rangeEnd - segment.charStart;
  // A text has no more code points than UTF-16 units.
  if (start <= 0 && end >= segment.content.length) return segment.content;
  return Array.from(segment.content).slice(Math.max(0, start), Math.max(0, end)).join("");
}

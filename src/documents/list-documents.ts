import type { JsonValue, StoredDocument } from "../domain/document.ts";
import type { DocumentFilter } from "../domain/filter.ts";
import { limits } from "../domain/limits.ts";
import { type DocumentOrder, type ListPosition, listDocuments as listStoredDocuments } from "../storage/list-documents.ts";
import type { DocumentDeps } from "./add-documents.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";

export interface ListQuery {
  readonly ownerId: string;
  readonly filter: DocumentFilter;
  readonly order: DocumentOrder;
  readonly descending: boolean;
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
}

export interface DocumentPage {
  readonly documents: readonly StoredDocument[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/**
 * A page of an owner's documents. A page ends early where the next document would no longer fit into one reply.
 *
 * @throws InvalidInputError if the token is not one of this query's.
 */
export async function listDocuments(
  deps: Pick<DocumentDeps, "database" | "clock">,
  query: ListQuery,
  signal: AbortSignal,
): Promise<DocumentPage> {
  const { pageToken, pageSize, ...rest } = query;
  const after = pageToken === "" ? undefined : decodeToken(pageToken, rest);
  const filter = { ...rest.filter, liveAt: deps.clock.now() };
  const rows = await listStoredDocuments(deps.database, { ...rest, filter, after, count: pageSize + 1 }, signal);
  const fitting = rows.slice(0, Math.min(pageSize, countFitting(rows.map((row) => row.document))));
  const last = fitting.at(-1);
  const isLast = fitting.length === rows.length || !last;
  return { documents: fitting.map((row) => row.document), nextPageToken: isLast ? "" : encodeToken(last.position, rest) };
}

function countFitting(documents: readonly StoredDocument[]): number {
  let bytes = 0;
  for (const [index, document] of documents.entries()) {
    // The other fields are bounded by their own limits.
    bytes += encodedBytes(document.metadata) + 4 * (document.idAtOrigin.length + document.documentName.length) + 512;
    if (bytes > limits.replyBytesMax) return Math.max(1, index);
  }
  return documents.length;
}

/** At least as much as the value takes as a google.protobuf.Value. Its JSON says little: a digit of a list takes 11 bytes there. */
export function encodedBytes(value: JsonValue): number {
  // A tag, and a length of up to 64 KiB and what is around it.
  const frame = 6;
  if (typeof value === "string") return frame + Buffer.byteLength(value);
  if (value === null || typeof value !== "object") return frame + 8;
  let bytes = 2 * frame;
  for (const child of Object.values(value)) bytes += encodedBytes(child) + frame;
  if (!Array.isArray(value)) for (const name of Object.keys(value)) bytes += Buffer.byteLength(name) + frame;
  return bytes;
}

type QueryIdentity = Omit<ListQuery, "pageToken" | "pageSize">;

function encodeToken({ value, documentId }: ListPosition, query: QueryIdentity): string {
  return encodePageToken(identityOf(query), [value, documentId]);
}

function decodeToken(token: string, query: QueryIdentity): ListPosition {
  const isPosition = (position: readonly unknown[]): position is [string, string] =>
    isSortValue(position[0], query.order) && isUuid(position[1]);
  const [value, documentId] = decodePageToken(token, identityOf(query), "owner_id, filter and order_by", isPosition);
  return { value, documentId };
}

function identityOf(query: QueryIdentity): unknown {
  return [query.ownerId, query.filter, query.order, query.descending];
}

/** Tokens are not signed: what comes back may be anything. */
function isSortValue(value: unknown, order: DocumentOrder): value is string {
  if (typeof value !== "string") return false;
  if (order === "document_name") return !value.includes("\0") && value.isWellFormed();
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,6})?\+00$/.exec(value);
  if (!match) return false;
  // Only a date that exists comes back as it was.
  const time = new Date(`${match[1]}T${match[2]}Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(`${match[1]}T${match[2]}`);
}

function isUuid(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

import { createHash } from "node:crypto";
import type { JsonValue, StoredDocument } from "../domain/document.ts";
import { InvalidInputError } from "../domain/errors.ts";
import type { DocumentFilter } from "../domain/filter.ts";
import { limits } from "../domain/limits.ts";
import { type DocumentOrder, type ListPosition, listDocuments as listStoredDocuments } from "../storage/list-documents.ts";
import type { DocumentDeps } from "./add-documents.ts";

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
  deps: Pick<DocumentDeps, "database">,
  query: ListQuery,
  signal: AbortSignal,
): Promise<DocumentPage> {
  const { pageToken, pageSize, ...rest } = query;
  const after = pageToken === "" ? undefined : decodeToken(pageToken, rest);
  const rows = await listStoredDocuments(deps.database, { ...rest, after, count: pageSize + 1 }, signal);
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
function encodedBytes(value: JsonValue): number {
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

function encodeToken(position: ListPosition, query: QueryIdentity): string {
  return Buffer.from(JSON.stringify([1, queryHash(query), position.value, position.documentId])).toString("base64url");
}

function decodeToken(token: string, query: QueryIdentity): ListPosition {
  try {
    const [format, hash, value, documentId]: unknown[] = JSON.parse(Buffer.from(token, "base64url").toString());
    const isPosition = typeof value === "string" && typeof documentId === "string" && isUuid(documentId);
    if (format === 1 && hash === queryHash(query) && isPosition && isSortValue(value, query.order)) return { value, documentId };
  } catch {
    // Falls through to the same answer as a token of another query.
  }
  throw new InvalidInputError([
    {
      field: "page_token",
      rule: "page_token.valid",
      description:
        "is not a next_page_token of this query; begin again without one, and keep owner_id, filter and order_by the same",
    },
  ]);
}

function queryHash(query: QueryIdentity): string {
  const identity = [query.ownerId, query.filter, query.order, query.descending];
  return createHash("sha256").update(JSON.stringify(identity)).digest("base64url").slice(0, 16);
}

/** Tokens are not signed: what comes back may be anything. */
function isSortValue(value: string, order: DocumentOrder): boolean {
  if (order === "document_name") return !value.includes("\0") && value.isWellFormed();
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,6})?\+00$/.exec(value);
  if (!match) return false;
  // Only a date that exists comes back as it was.
  const time = new Date(`${match[1]}T${match[2]}Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(`${match[1]}T${match[2]}`);
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

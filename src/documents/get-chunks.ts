import { ConflictError, NotFoundError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Queryable } from "../storage/database.ts";
import { type ChunkWithText, readChunksById, readLeavesAround, readLeavesBetween } from "../storage/read-chunks.ts";
import { type DocumentKey, findDocument } from "../storage/read-documents.ts";
import { readVectors } from "../storage/read-vectors.ts";
import type { DocumentDeps } from "./add-documents.ts";
import { encodedBytes } from "./list-documents.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";

/** Which chunks: those with certain ids, or the leaves of a document whose indexes are in a range, `indexEnd` aside. */
export type ChunkSelection =
  | { readonly chunkIds: readonly string[] }
  | { readonly key: DocumentKey; readonly indexStart: number; readonly indexEnd: number | undefined };

export interface ChunkQuery {
  readonly ownerId: string;
  readonly selection: ChunkSelection;
  /** Leaves on each side of a leaf that come with it. */
  readonly window: number;
  readonly parents: boolean;
  readonly embeddings: boolean;
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
}

export interface ChunkInContext {
  readonly chunk: ChunkWithText;
  readonly parent: ChunkWithText | undefined;
  /** In text order; of a parent there are none. */
  readonly neighbors: readonly ChunkWithText[];
}

export interface ChunkPage {
  readonly chunks: readonly ChunkInContext[];
  /** Ids of the selection that the owner has no chunk of, up to where the page ends. */
  readonly missingChunkIds: readonly string[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/**
 * A page of chunks, each with what stands around it. A page ends early where the next chunk would no longer fit into one reply.
 *
 * @throws NotFoundError if the document does not exist, or belongs to another owner.
 * @throws ConflictError if the document has changed since the page before.
 * @throws InvalidInputError if the token is not one of this query's.
 */
export async function getChunks(
  deps: Pick<DocumentDeps, "database" | "table" | "clock">,
  query: ChunkQuery,
  signal: AbortSignal,
): Promise<ChunkPage> {
  const continued = query.pageToken === "" ? undefined : decodeToken(query);
  return await deps.database.transaction(
    async (transaction) => {
      const reading = { table: deps.table, transaction, now: deps.clock.now() };
      const source = await openSource(reading, query, continued?.version);
      return await readPage(reading, query, source, continued?.place ?? source.start);
    },
    { signal, snapshot: true },
  );
}

/** One snapshot, and the time that documents must not have expired by. */
interface Reading {
  readonly table: DocumentDeps["table"];
  readonly transaction: Queryable;
  readonly now: Date;
}

/** A UUID as text, its length and a tag. */
const missingIdBytes = 38;

/** What is paged through: the places of chunks from `start` to `end`, and how to read some of them; a missing chunk is its id. */
interface ChunkSource {
  readonly start: number;
  readonly end: number;
  /** Of the document; 0 where chunks are chosen by their ids. */
  readonly version: number;
  readonly read: (start: number, end: number) => Promise<readonly (ChunkWithText | string)[]>;
}

async function openSource(
  { transaction, now }: Reading,
  { ownerId, selection }: ChunkQuery,
  expectedVersion: number | undefined,
): Promise<ChunkSource> {
  if ("chunkIds" in selection) {
    const ids = [...new Set(selection.chunkIds.map((id) => id.toLowerCase()))];
    const read = async (start: number, end: number) => {
      const asked = ids.slice(start, end);
      const found = await readChunksById(transaction, ownerId, asked, now);
      return asked.map((id) => found.get(id) ?? id);
    };
    return { start: 0, end: ids.length, version: 0, read };
  }
  const { key, indexStart, indexEnd } = selection;
  const document = await findDocument(transaction, key, now);
  if (!document) throw new NotFoundError("document", "documentId" in key ? key.documentId : key.idAtOrigin);
  if (expectedVersion !== undefined && expectedVersion !== document.version) {
    const message = `document "${document.documentId}" has changed since the first page; begin again without page_token`;
    throw new ConflictError("DOCUMENT_CHANGED", message);
  }
  const read = (start: number, end: number) => readLeavesBetween(transaction, document, { indexStart: start, indexEnd: end });
  return {
    start: indexStart,
    end: Math.min(indexEnd ?? document.chunkCount, document.chunkCount),
    version: document.version,
    read,
  };
}

async function readPage(reading: Reading, query: ChunkQuery, source: ChunkSource, start: number): Promise<ChunkPage> {
  const chunks: ChunkInContext[] = [];
  const missingChunkIds: string[] = [];
  const pageEnd = Math.min(source.end, start + query.pageSize);
  // As many rows at once as the largest page has without neighbours, so that memory stays bounded with them.
  const sliceSize = Math.max(1, Math.floor(limits.pageSizeMax / (2 * query.window + 1)));
  let bytes = 0;
  let place = start;
  const page = () => ({
    chunks,
    missingChunkIds,
    nextPageToken: place < source.end ? encodePageToken(identityOf(query), [place, source.version]) : "",
  });
  while (place < pageEnd) {
    const slice = await source.read(place, Math.min(pageEnd, place + sliceSize));
    const found = slice.filter((item) => typeof item !== "string");
    const inContext = await addContext(reading, query, found);
    for (const item of slice) {
      const chunk = typeof item === "string" ? undefined : inContext.get(item);
      bytes += chunk ? sizeOf(chunk) : missingIdBytes;
      if (bytes > limits.replyBytesMax && chunks.length > 0) return page();
      if (chunk) chunks.push(chunk);
      else if (typeof item === "string") missingChunkIds.push(item);
      place++;
    }
  }
  return page();
}

/** Chunks with what was asked for around them, by the chunk given. */
async function addContext(
  { transaction, table, now }: Reading,
  { ownerId, window, parents, embeddings }: ChunkQuery,
  chunks: readonly ChunkWithText[],
): Promise<Map<ChunkWithText, ChunkInContext>> {
  const leaves = chunks.filter((chunk) => chunk.level === 0);
  const parentIds = parents ? [...new Set(leaves.flatMap((leaf) => leaf.parentChunkId ?? []))] : [];
  const parentsById = parentIds.length > 0 ? await readChunksById(transaction, ownerId, parentIds, now) : new Map();
  const around = window > 0 && leaves.length > 0 ? await readLeavesAround(transaction, ownerId, leaves, window) : [];
  const aroundByPlace = new Map(around.map((leaf) => [`${leaf.documentId} ${leaf.index}`, leaf]));
  const leafIds = leaves.map((leaf) => leaf.chunkId);
  const vectors = embeddings && leafIds.length > 0 ? await readVectors(transaction, table, ownerId, leafIds) : new Map();
  const inContext = new Map<ChunkWithText, ChunkInContext>();
  for (const chunk of chunks) {
    const vector: Float32Array | undefined = vectors.get(chunk.chunkId);
    const neighbors: ChunkWithText[] = [];
    for (let index = chunk.index - window; chunk.level === 0 && index <= chunk.index + window; index++) {
      const neighbor = index === chunk.index ? undefined : aroundByPlace.get(`${chunk.documentId} ${index}`);
      if (neighbor) neighbors.push(neighbor);
    }
    inContext.set(chunk, {
      chunk: { ...chunk, embedding: vector && [...vector] },
      parent: chunk.parentChunkId === undefined ? undefined : parentsById.get(chunk.parentChunkId),
      neighbors,
    });
  }
  return inContext;
}

/** At least as many bytes as the chunk takes in a reply. */
function sizeOf({ chunk, parent, neighbors }: ChunkInContext): number {
  return [chunk, ...(parent ? [parent] : []), ...neighbors].reduce((sum, part) => {
    const texts = [part.content, part.contextPrefix ?? "", part.summary ?? ""];
    const textBytes = texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0);
    // The other fields are ids and numbers.
    return sum + textBytes + encodedBytes(part.metadata) + 4 * (part.embedding?.length ?? 0) + 256;
  }, 0);
}

function decodeToken(query: ChunkQuery): { place: number; version: number } {
  const isPosition = (position: readonly unknown[]): position is [number, number] =>
    position.length === 2 && position.every((number) => Number.isInteger(number) && Number(number) >= 0);
  const fields = "everything but page_size";
  const [place, version] = decodePageToken(query.pageToken, identityOf(query), fields, isPosition);
  return { place, version };
}

function identityOf({ ownerId, selection, window, parents, embeddings }: ChunkQuery): unknown {
  return [ownerId, selection, window, parents, embeddings];
}

import { createHash, randomUUID } from "node:crypto";
import type { NewDocument } from "../../src/domain/document.ts";
import type { Database } from "../../src/storage/database.ts";
import { type PreparedDocument, type StoreResult, storeDocuments } from "../../src/storage/store-documents.ts";
import { hashingModel, newOwner } from "./test-storage.ts";

/** What a test says of a document; the rest is made up. */
export interface Sketch extends Partial<Omit<NewDocument, "content">> {
  /** The text of each leaf; together, a line each, they are the content. */
  readonly leaves?: readonly string[];
  /** How many leaves each parent holds, in order; without it there are no parents. */
  readonly parents?: readonly number[];
  /** Tokens of every leaf; without it, its words. */
  readonly tokenCount?: number;
  readonly textConfig?: string;
  /** Context prefixes of the leaves. */
  readonly prefixes?: readonly (string | undefined)[];
  /** Summaries of the leaves. */
  readonly summaries?: readonly (string | undefined)[];
  /** The chat model that wrote these. */
  readonly chatModel?: string;
  readonly segments?: PreparedDocument["segments"];
}

/** A document ready to be stored, without the chunker: a leaf is what the test says it is. */
export function sketch(given: Sketch = {}): PreparedDocument {
  const {
    leaves = ["one leaf"],
    parents = [],
    tokenCount,
    textConfig = "english",
    segments,
    prefixes,
    summaries,
    chatModel,
    ...facts
  } = given;
  const content = leaves.join("\n");
  const document: NewDocument = {
    ownerId: newOwner(),
    idAtOrigin: `document-${randomUUID()}`,
    documentName: "a document",
    documentType: "text",
    metadata: {},
    documentDate: undefined,
    expiresAt: undefined,
    language: "en",
    chunking: {},
    ...facts,
    content,
  };
  const ranges = lineRanges(leaves);
  const parentOfLeaf = parents.flatMap((size, index) => Array.from({ length: size }, () => index));
  const parentChunks = parents.map((_, index) => {
    const own = ranges.filter((_, leaf) => parentOfLeaf[leaf] === index);
    return chunk(
      { level: 1, index, charStart: own[0]?.charStart ?? 0, charEnd: own.at(-1)?.charEnd ?? 0, parentIndex: undefined },
      content,
    );
  });
  const leafChunks = ranges.map((range, index) => ({
    ...chunk({ level: 0, index, ...range, parentIndex: parentOfLeaf[index], tokenCount }, content),
    ...(prefixes?.[index] !== undefined && { contextPrefix: prefixes[index], contextModel: chatModel }),
    ...(summaries?.[index] !== undefined && { summary: summaries[index], summaryModel: chatModel }),
  }));
  return {
    document,
    documentId: randomUUID(),
    fingerprint: createHash("sha256")
      .update(JSON.stringify({ ...document, prefixes, summaries, ownerId: "", expiresAt: undefined }))
      .digest(),
    language: document.language ?? "und",
    textConfig,
    sizeBytes: Buffer.byteLength(content),
    chunks: [...parentChunks, ...leafChunks],
    segments: segments ?? [{ charStart: 0, content }],
  };
}

/** Stores sketches in one transaction, as a request does. */
export async function store(
  database: Database,
  sketches: readonly Sketch[],
  options: { readonly now?: Date; readonly modelId?: string } = {},
): Promise<StoreResult[]> {
  const { now = new Date(), modelId = hashingModel.modelId } = options;
  return await database.transaction(async (transaction) => {
    const results = await storeDocuments(transaction, sketches.map(sketch), { now });
    const documentIds = results.map(({ document }) => document.documentId);
    // As if that model were the one that is registered, so that tests keep apart by model as well.
    if (modelId !== hashingModel.modelId) {
      await transaction.query(
        "move_jobs",
        `update embedding_jobs j
         set model_id = $1
         from document_chunks c
         where c.owner_id = j.owner_id and c.chunk_id = j.chunk_id and j.model_id = $2 and c.document_id = any($3::uuid[])`,
        [modelId, hashingModel.modelId, documentIds],
      );
    }
    return results;
  });
}

function lineRanges(lines: readonly string[]): { charStart: number; charEnd: number }[] {
  let charStart = 0;
  return lines.map((line) => {
    const charEnd = charStart + [...line].length;
    const range = { charStart, charEnd };
    charStart = charEnd + 1;
    return range;
  });
}

function chunk(
  place: {
    level: number;
    index: number;
    charStart: number;
    charEnd: number;
    parentIndex: number | undefined;
    tokenCount?: number | undefined;
  },
  text: string,
): PreparedDocument["chunks"][number] {
  const content = [...text].slice(place.charStart, place.charEnd).join("");
  return {
    ...place,
    chunkId: randomUUID(),
    tokenCount: place.tokenCount ?? content.split(/\s+/).length,
    metadata: {},
    content,
    contentHash: createHash("sha256").update(content).digest(),
  };
}

import { create, toBinary } from "@bufbuild/protobuf";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { IngestDocumentsRequestSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { startTextChunker } from "../../src/chunking/text-chunker.ts";
import { createHashingEmbedder, embedHashedWords } from "../../src/embedding/hashing-embedder.ts";
import { packagedModelDirectory } from "../../src/embedding/model-files.ts";
import { packVectors } from "../../test/support/pack-vectors.ts";
import { randomNumbers } from "../../test/support/random-numbers.ts";
import { writeTexts } from "../corpus.ts";
import { frame } from "./raw-stream.ts";

export const bulkOwner = "bulk";
const dimension = 384;

/** A stream of documents of 2 KB whose vectors the client gives, encoded as it goes over the wire. */
export interface BulkStream {
  readonly frames: readonly Buffer[];
  readonly documents: number;
  readonly chunks: number;
}

/** Writes documents until they make so many chunks. */
export async function writeBulkStream(chunksMin: number): Promise<BulkStream> {
  const chunker = await startTextChunker({
    tokenizerPath: `${packagedModelDirectory}/tokenizer.json`,
    leafTokensMax: createHashingEmbedder({ dimension }).model.chunkTokensMax,
  });
  const random = randomNumbers(11);
  const open = { ownerId: bulkOwner, streamId: "bulk", bulk: true };
  const frames = [encode({ message: { case: "open", value: open } })];
  let chunks = 0;
  try {
    while (chunks < chunksMin) {
      const content = writeTexts(random).join("\n\n");
      const cut = await chunker.chunk(
        { content, documentType: "text", language: "en", options: {} },
        new AbortController().signal,
      );
      const leaves = cut.chunks.filter((chunk) => chunk.level === 0).sort((left, right) => left.index - right.index);
      const vectors = leaves.map((leaf) => embedHashedWords(content.slice(leaf.utf16Start, leaf.utf16End), dimension));
      const document = {
        idAtOrigin: `document-${frames.length}`,
        documentName: `Document ${frames.length}`,
        documentType: DocumentType.TEXT,
        language: "en",
        content,
        embedding: { model: `hashing/${dimension}`, packedVectors: packVectors(vectors) },
      };
      frames.push(encode({ message: { case: "item", value: { sequence: BigInt(frames.length), document } } }));
      chunks += leaves.length;
    }
  } finally {
    await chunker.close();
  }
  return { frames, documents: frames.length - 1, chunks };
}

function encode(request: Parameters<typeof create<typeof IngestDocumentsRequestSchema>>[1]): Buffer {
  return frame(toBinary(IngestDocumentsRequestSchema, create(IngestDocumentsRequestSchema, request)));
}

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AddDocumentRequestSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import type { SearchResult } from "#gen/llmemory/v1/search_service_pb.js";

/** A question with the answers that people have judged. */
export interface JudgedQuery {
  readonly id: string;
  readonly text: string;
  /** The kind of question, if the data set tells kinds apart. */
  readonly category: string | undefined;
  /** Relevance above 0 by judged id; at least one. What is not listed is not relevant. */
  readonly grades: ReadonlyMap<string, number>;
}

/** What is stored for one owner, and what is asked of it. */
export interface JudgedCollection {
  readonly name: string;
  readonly documents: readonly MessageInitShape<typeof AddDocumentRequestSchema>[];
  readonly queries: readonly JudgedQuery[];
  /** The judged id that a hit stands for; several hits may share one. Undefined: the hit is from none of the documents. */
  judgedIdOf(hit: Pick<SearchResult, "idAtOrigin" | "chunkMetadata">): string | undefined;
}

/** What the text chunker and its thread say to each other. */
import type { ChunkDraft, ChunkingOptions } from "../domain/chunk.ts";
import type { DocumentType } from "../domain/document.ts";

/** Given to the thread when it is started. */
export interface ChunkerThreadSettings {
  readonly tokenizerPath: string;
  readonly leafTokensMax: number;
}

export interface ChunkRequest {
  readonly content: string;
  readonly documentType: DocumentType;
  /** BCP 47; undefined: detect it. */
  readonly language: string | undefined;
  readonly options: ChunkingOptions;
}

export interface ChunkResult {
  /** See `chunkText`. */
  readonly chunks: ChunkDraft[];
  /** BCP 47, as given or detected; `und` if unknown. */
  readonly language: string;
}

/** The thread says `ready` once, then answers each request with one of the others. */
export type ChunkReply =
  | { readonly kind: "ready" }
  | { readonly kind: "result"; readonly result: ChunkResult }
  | { readonly kind: "failure"; readonly error: unknown };

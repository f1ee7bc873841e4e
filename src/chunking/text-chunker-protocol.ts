/** What the text chunker and its thread say to each other. */
import type { ChunkDraft, ChunkingOptions } from "../domain/chunk.ts";
import type { DocumentType } from "../domain/document.ts";
import type { DocumentFacts } from "./context-prefix.ts";

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
  /** Gives leaves a context prefix; undefined: none. */
  readonly prefixOf?: Pick<DocumentFacts, "documentName" | "documentDate"> | undefined;
  /** Gives leaves a summary. Default: none. */
  readonly summarizes?: boolean | undefined;
}

/** Prefixes that somebody else has written, and what the model takes of each. */
export interface FitRequest {
  readonly prefixes: readonly PrefixToFit[];
}

export interface PrefixToFit {
  readonly prefix: string;
  /** Of the chunk that it is for. */
  readonly chunkTokens: number;
}

export interface ChunkResult {
  /** See `chunkText`. */
  readonly chunks: ChunkDraft[];
  /** BCP 47, as given or detected; `und` if unknown. */
  readonly language: string;
}

/** For each prefix of a request what fits of it; undefined: nothing. */
export type FitResult = readonly (string | undefined)[];

/** What becomes of one request. */
export type ChunkAnswer =
  | { readonly kind: "result"; readonly result: ChunkResult | FitResult }
  | { readonly kind: "failure"; readonly error: unknown };

/** The thread says `ready` once, then answers each message, which is a list of requests, in their order. */
export type ChunkReply = { readonly kind: "ready" } | { readonly kind: "answers"; readonly answers: readonly ChunkAnswer[] };

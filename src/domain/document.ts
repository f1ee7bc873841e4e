import type { ChunkingOptions } from "./chunk.ts";
import type { EnrichmentRequest } from "./enrichment.ts";

/** The kinds of document, which decide how text is cut into chunks. The names are llmemory's. */
export const documentTypes = [
  "pdf",
  "markdown",
  "code",
  "text",
  "html",
  "docx",
  "email",
  "report",
  "chat",
  "presentation",
  "legal_document",
  "technical_doc",
  "business_report",
  "unknown",
] as const;

export type DocumentType = (typeof documentTypes)[number];

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** A document as a client gives it, already checked: see `checkDocument`. */
export interface NewDocument {
  readonly ownerId: string;
  /** The client's own key of the document, unique within the owner. Adding the same key again replaces the document. */
  readonly idAtOrigin: string;
  readonly documentName: string;
  readonly documentType: DocumentType;
  readonly content: string;
  readonly metadata: JsonObject;
  readonly documentDate: Date | undefined;
  /** When it goes by itself; undefined: never. */
  readonly expiresAt: Date | undefined;
  /** BCP 47; undefined: detect it from the content. */
  readonly language: string | undefined;
  readonly chunking: ChunkingOptions;
  /** Vectors that the client made itself; undefined: the service embeds. */
  readonly embedding?: GivenEmbedding | undefined;
  /** What to make beside the text; undefined: what the service is set to. */
  readonly enrichment?: EnrichmentRequest | undefined;
}

/** Vectors of a document's leaves as a client gives them, in the order of the leaves; of any length other than zero. */
export interface GivenEmbedding {
  readonly modelId: string;
  /** Each by itself, or all of them one behind the other as little-endian floats of 32 bits. */
  readonly vectors: readonly Float32Array[] | Uint8Array;
}

/** A document as it is stored, without its content. */
export interface StoredDocument {
  readonly ownerId: string;
  readonly documentId: string;
  readonly idAtOrigin: string;
  readonly documentName: string;
  readonly documentType: DocumentType;
  readonly documentDate: Date | undefined;
  readonly metadata: JsonObject;
  /** BCP 47, `und` if it was neither given nor detected with confidence. */
  readonly language: string;
  /** Leaf chunks. */
  readonly chunkCount: number;
  /** UTF-8 bytes of the content. */
  readonly sizeBytes: number;
  /** 1 when created; one more with every change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** From then on nobody sees it; undefined: never. */
  readonly expiresAt: Date | undefined;
}

/** The facts of a document that may change without its text, named as in the contract. */
export const changeableFields = ["document_name", "document_date", "metadata", "expires_at"] as const;

/** New facts of a document: what is absent stays, and what is undefined is taken away. */
export interface DocumentChanges {
  readonly documentName?: string;
  readonly documentDate?: Date | undefined;
  readonly metadata?: JsonObject;
  readonly expiresAt?: Date | undefined;
}

import type { DocumentType, JsonValue } from "./document.ts";

/** Chooses documents; every part that is there must hold. */
export interface DocumentFilter {
  readonly idsAtOrigin?: readonly string[] | undefined;
  readonly documentIds?: readonly string[] | undefined;
  readonly documentTypes?: readonly DocumentType[] | undefined;
  /** Inclusive; a document without a date never matches. */
  readonly dateFrom?: Date | undefined;
  /** Inclusive; a document without a date never matches. */
  readonly dateTo?: Date | undefined;
  readonly metadata?: MetadataExpression | undefined;
}

export type MetadataExpression =
  | { readonly kind: "all"; readonly expressions: readonly MetadataExpression[] }
  | { readonly kind: "equal"; readonly path: readonly string[]; readonly value: JsonValue };

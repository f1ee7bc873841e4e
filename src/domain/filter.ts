import type { DocumentType, JsonValue } from "./document.ts";

/** Chooses documents; every part that is there must hold. */
export interface DocumentFilter {
  readonly idsAtOrigin?: readonly string[] | undefined;
  readonly documentIds?: readonly string[] | undefined;
  readonly documentTypes?: readonly DocumentType[] | undefined;
  /** BCP 47; a tag without a region also chooses the documents of its regions. */
  readonly languages?: readonly string[] | undefined;
  /** Inclusive; a document without a date never matches. */
  readonly dateFrom?: Date | undefined;
  /** Inclusive; a document without a date never matches. */
  readonly dateTo?: Date | undefined;
  readonly metadata?: MetadataExpression | undefined;
  /** Only documents that have not expired by then. No client gives it: reads set it, each to its own time. */
  readonly liveAt?: Date | undefined;
}

/** What must hold of a document's metadata. A missing path is no value: only `not`, `not_equal` and `exists: false` hold of it. */
export type MetadataExpression =
  | { readonly kind: "all" | "any"; readonly expressions: readonly MetadataExpression[] }
  | { readonly kind: "not"; readonly expression: MetadataExpression }
  | MetadataCondition;

export type MetadataCondition =
  | { readonly kind: "equal" | "not_equal"; readonly path: readonly string[]; readonly value: JsonValue }
  | { readonly kind: "in"; readonly path: readonly string[]; readonly values: readonly JsonValue[] }
  /** Numbers by size, texts by code point; bounds and stored value must be of one type. */
  | { readonly kind: "range"; readonly path: readonly string[]; readonly bounds: RangeBounds }
  | { readonly kind: "exists"; readonly path: readonly string[]; readonly exists: boolean }
  /** The stored value is a list that holds all of these. */
  | { readonly kind: "contains"; readonly path: readonly string[]; readonly values: readonly JsonValue[] };

/** At least one is there; no two of one side. */
export interface RangeBounds {
  readonly gt?: number | string | undefined;
  readonly gte?: number | string | undefined;
  readonly lt?: number | string | undefined;
  readonly lte?: number | string | undefined;
}

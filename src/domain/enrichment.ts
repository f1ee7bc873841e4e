/** What is made of a document beside its text, for search: stored beside the chunks, never in them. */

export const contextPrefixes = ["none", "template", "model"] as const;
/** Who says where a chunk belongs: a template of the document's name, headings, type and date, or the chat model. */
export type ContextPrefix = (typeof contextPrefixes)[number];

export const chunkSummaries = ["none", "extractive", "model"] as const;
/** Who says in short what a chunk says: its own most telling sentences, or the chat model. */
export type ChunkSummary = (typeof chunkSummaries)[number];

export interface Enrichment {
  readonly contextPrefix: ContextPrefix;
  readonly summary: ChunkSummary;
}

export const noEnrichment: Enrichment = { contextPrefix: "none", summary: "none" };

/** What a client asks for; undefined: what the service is set to. */
export interface EnrichmentRequest {
  readonly contextPrefix?: ContextPrefix | undefined;
  readonly summary?: ChunkSummary | undefined;
}

export function resolveEnrichment(asked: EnrichmentRequest | undefined, defaults: Enrichment): Enrichment {
  return { contextPrefix: asked?.contextPrefix ?? defaults.contextPrefix, summary: asked?.summary ?? defaults.summary };
}

/** What stands in for the chat model where it gave nothing: see `enrichment` in the contract. */
export type EnrichmentDegradation = "context_prefix_template" | "summary_extractive";

import type { Settings } from "../config/settings.ts";
import type { DocumentDeps } from "../documents/add-documents.ts";
import { ModelEnricher } from "../documents/model-enricher.ts";
import type { ChatModel } from "../endpoint/chat-model.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";

export type EnrichmentSettings = Pick<Settings, "contextPrefix" | "chunkSummaries" | "enrichmentTimeoutMs" | "embeddingProvider">;

/**
 * What documents get beside their text. Unless it is set, the template's prefix where vectors say what texts mean (docs/enrichment.md
 * has the measurement), and none for hashed words, which are there to be compared with those of other programs.
 */
export function openEnrichment(
  settings: EnrichmentSettings,
  deps: { readonly metrics: Metrics; readonly logger: Logger; readonly chat: ChatModel | undefined },
): Required<Pick<DocumentDeps, "enrichmentDefaults" | "enricher">> {
  const { contextPrefix = settings.embeddingProvider === "hashing" ? "none" : "template", chunkSummaries } = settings;
  const { chat } = deps;
  return {
    enrichmentDefaults: { contextPrefix, summary: chunkSummaries },
    enricher: chat && new ModelEnricher({ ...deps, chat }, settings.enrichmentTimeoutMs),
  };
}

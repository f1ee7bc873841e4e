import { DomainError } from "../domain/errors.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { EmbeddingProvider } from "./embedding-provider.ts";

/** The same provider, with every call counted and timed. */
export function observeProvider(provider: EmbeddingProvider, metrics: Metrics): EmbeddingProvider {
  const labels = { provider: provider.model.provider, model: provider.model.name };
  return {
    model: provider.model,
    close: () => provider.close(),
    async embed(texts, purpose, signal) {
      const started = performance.now();
      try {
        const embeddings = await provider.embed(texts, purpose, signal);
        metrics.embeddingDurationSeconds.observe(labels, (performance.now() - started) / 1_000);
        metrics.embeddingsGenerated.inc(labels, texts.length);
        return embeddings;
      } catch (error) {
        const reason = error instanceof DomainError ? error.reason.toLowerCase() : "internal";
        metrics.embeddingsFailed.inc({ provider: labels.provider, reason }, texts.length);
        throw error;
      }
    },
  };
}

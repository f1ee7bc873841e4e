import type { Metrics } from "../observability/metrics.ts";
import { traced } from "../observability/tracing.ts";
import { failureReason } from "./embedding-failure.ts";
import type { EmbeddingProvider } from "./embedding-provider.ts";

/** The same provider, with every call counted, timed and traced. */
export function observeProvider(provider: EmbeddingProvider, metrics: Metrics): EmbeddingProvider {
  const labels = { provider: provider.model.provider, model: provider.model.name };
  return {
    model: provider.model,
    lastAnswerAgeMs: provider.lastAnswerAgeMs,
    close: () => provider.close(),
    async embed(texts, purpose, signal) {
      const started = performance.now();
      try {
        const attributes = { ...labels, purpose, texts: texts.length };
        const embeddings = await traced({ name: "memory.embed", attributes }, () => provider.embed(texts, purpose, signal));
        metrics.embeddingDurationSeconds.observe(labels, (performance.now() - started) / 1_000);
        metrics.embeddingsGenerated.inc(labels, texts.length);
        return embeddings;
      } catch (error) {
        metrics.embeddingsFailed.inc({ provider: labels.provider, reason: failureReason(error) }, texts.length);
        throw error;
      }
    },
  };
}

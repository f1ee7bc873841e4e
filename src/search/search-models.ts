import type { ChatModel } from "../endpoint/chat-model.ts";
import { ModelCallError } from "../endpoint/model-call.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { CrossEncoder } from "./cross-encoder.ts";

/** The models that a search may ask beside the embedder; each is there if the settings name one. */
export interface SearchModels {
  readonly chat?: ChatModel | undefined;
  readonly crossEncoder?: CrossEncoder | undefined;
}

export interface SearchModelDeps {
  readonly searchModels: SearchModels;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export type SearchModelTask = "expansion" | "rerank" | "routing";

/**
 * Asks a model, and counts, times and logs that. A search never fails for want of a model: a call that failed is undefined.
 *
 * @throws what `ask` throws unless it is a ModelCallError: the domain error of an aborted search, or a bug.
 */
export async function askSearchModel<T>(
  { metrics, logger }: Pick<SearchModelDeps, "metrics" | "logger">,
  labels: { readonly task: SearchModelTask; readonly model: string },
  ask: () => Promise<T>,
): Promise<T | undefined> {
  const started = performance.now();
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ModelCallError)) throw error;
    const { failure, status } = error;
    metrics.searchModelFailures.inc({ ...labels, reason: failure });
    logger.warn({ ...labels, failure, status }, `a model was of no help to a search: ${error.message}`);
    return undefined;
  } finally {
    metrics.searchModelDurationSeconds.observe(labels, (performance.now() - started) / 1_000);
  }
}

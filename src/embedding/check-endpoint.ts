import { StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Logger } from "../observability/logger.ts";
import { EmbeddingUnavailableError } from "./embedding-failure.ts";
import type { EmbeddingProvider } from "./embedding-provider.ts";

/**
 * Embeds a word with the endpoint of a provider that has one, at start. One that does not answer is only logged: a provider's bad night must
 * not keep the service from starting, and searches by words work without it.
 *
 * @throws StartupError if the vectors are of another dimension than the model's, since waiting would not change that.
 */
export async function checkEndpoint(provider: EmbeddingProvider, logger: Logger): Promise<void> {
  if (provider.lastAnswerAgeMs === undefined) return;
  try {
    await provider.embed(["probe"], "query", AbortSignal.timeout(limits.endpointQueryTimeoutMs));
  } catch (error) {
    if (error instanceof EmbeddingUnavailableError && error.failure === "wrong_dimension") throw new StartupError(error.message);
    logger.warn(
      { err: error, model: provider.model.modelId },
      "the embedding endpoint does not work; searches look at words alone, and chunks wait for their vectors until it does",
    );
  }
}

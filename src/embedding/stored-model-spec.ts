import type { JsonObject } from "../domain/document.ts";
import { StartupError } from "../domain/errors.ts";
import type { RegisteredModel } from "../storage/model-registry.ts";
import type { EmbeddingModelSpec } from "./embedding-model-spec.ts";
import type { EmbeddingProviderName } from "./embedding-provider.ts";

const providers: readonly EmbeddingProviderName[] = ["local", "openai", "hashing"];

/** A spec as the registry keeps it; what is undefined is left out. */
export function encodeModelSpec(spec: EmbeddingModelSpec): JsonObject {
  return JSON.parse(JSON.stringify(spec));
}

/**
 * What opens a model of the registry. Of models that were registered before specs were kept, provider, name and dimension are enough.
 *
 * @throws StartupError for a provider of a later release.
 */
export function storedModelSpec({ provider, name, spec, table }: RegisteredModel): EmbeddingModelSpec {
  const known = providers.find((candidate) => candidate === provider);
  if (!known) {
    throw new StartupError(
      `model ${table.modelId} needs the provider "${provider}", which this release does not have; run a later one`,
    );
  }
  const text = (key: string) => (typeof spec[key] === "string" ? spec[key] : undefined);
  const number = (key: string) => (typeof spec[key] === "number" ? spec[key] : undefined);
  const isKept = Object.keys(spec).length > 0;
  return {
    provider: known,
    name: text("name") ?? name,
    dimension: isKept && known !== "hashing" ? number("dimension") : table.dimension,
    baseUrl: text("baseUrl"),
    documentPrefix: text("documentPrefix"),
    queryPrefix: text("queryPrefix"),
    inputTokensMax: number("inputTokensMax"),
  };
}

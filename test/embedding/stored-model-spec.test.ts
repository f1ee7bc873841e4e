import { expect, it } from "vitest";
import type { JsonObject } from "../../src/domain/document.ts";
import { StartupError } from "../../src/domain/errors.ts";
import type { EmbeddingModelSpec } from "../../src/embedding/embedding-model-spec.ts";
import { encodeModelSpec, storedModelSpec } from "../../src/embedding/stored-model-spec.ts";
import type { RegisteredModel } from "../../src/storage/model-registry.ts";

function registered(provider: string, name: string, spec: JsonObject, dimension = 8): RegisteredModel {
  return {
    table: {
      modelId: `${provider}/${name}`,
      dimension,
      vectorType: "halfvec",
      indexProfile: "balanced",
      tableName: "embeddings_x",
    },
    provider,
    name,
    spec,
    chunkTokensMax: undefined,
    state: "active",
    createdAt: new Date(),
    stateChangedAt: new Date(),
    queuedCount: 0,
    queuedAt: undefined,
    comparison: undefined,
  };
}

it("gives an endpoint's model as it was given, a dimension that was left out included", () => {
  const spec: EmbeddingModelSpec = {
    provider: "openai",
    name: "text-embedding-3-small",
    dimension: undefined,
    baseUrl: "http://127.0.0.1:9/v1",
    documentPrefix: "",
    queryPrefix: "query: ",
    inputTokensMax: 512,
  };
  const stored = encodeModelSpec(spec);
  expect(stored).not.toHaveProperty("dimension");
  expect(storedModelSpec(registered("openai", "text-embedding-3-small", stored, 1_536))).toEqual(spec);
});

it.each([
  { provider: "local", name: "e5-small-v2", expected: { provider: "local", name: "e5-small-v2" } },
  { provider: "hashing", name: "8", expected: { provider: "hashing", dimension: 8 } },
])("opens a $provider model that was registered before specs were kept", ({ provider, name, expected }) => {
  expect(storedModelSpec(registered(provider, name, {}))).toMatchObject(expected);
});

it("refuses a provider of a later release", () => {
  expect(() => storedModelSpec(registered("telepathy", "x", {}))).toThrow(StartupError);
});

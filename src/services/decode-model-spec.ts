import type { StartModelMigrationRequest } from "#gen/llmemory/v1/admin_service_pb.js";
import { EmbeddingProvider } from "#gen/llmemory/v1/embedding_model_pb.js";
import { type FieldViolation, InvalidInputError } from "../domain/errors.ts";
import type { EmbeddingModelSpec } from "../embedding/embedding-model-spec.ts";

/**
 * The model that a migration is to lead to.
 *
 * @throws InvalidInputError if something is missing that its provider needs, or given that it would not honour.
 */
export function decodeModelSpec(request: StartModelMigrationRequest): EmbeddingModelSpec {
  const { provider, name, dimension, baseUrl, documentPrefix, queryPrefix, inputTokensMax } = request;
  if (provider === EmbeddingProvider.OPENAI) {
    if (name === "") throw new InvalidInputError([missing("name", "is needed: what the endpoint calls the model")]);
    return { provider: "openai", name, dimension, baseUrl: baseUrl || undefined, documentPrefix, queryPrefix, inputTokensMax };
  }
  const isHashing = provider === EmbeddingProvider.HASHING;
  const violations: FieldViolation[] = [
    ...refused("base_url", baseUrl || undefined),
    ...refused("document_prefix", documentPrefix),
    ...refused("query_prefix", queryPrefix),
    ...refused("input_tokens_max", inputTokensMax),
    ...(isHashing ? hashingViolations(name, dimension) : refused("dimension", dimension)),
  ];
  if (violations.length > 0) throw new InvalidInputError(violations);
  return isHashing ? { provider: "hashing", dimension } : { provider: "local", name: name || undefined };
}

function refused(field: string, value: string | number | undefined): FieldViolation[] {
  return value === undefined ? [] : [{ field, rule: `${field}.provider`, description: "is for models of an endpoint alone" }];
}

function hashingViolations(name: string, dimension: number | undefined): FieldViolation[] {
  if (dimension === undefined) return [missing("dimension", "is needed: components of a vector of hashed words")];
  if (name === "" || name === String(dimension)) return [];
  return [{ field: "name", rule: "name.hashing", description: `must be ${dimension}, like the dimension, or empty` }];
}

function missing(field: string, description: string): FieldViolation {
  return { field, rule: `${field}.required`, description };
}

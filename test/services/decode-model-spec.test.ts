import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { StartModelMigrationRequestSchema } from "#gen/llmemory/v1/admin_service_pb.js";
import { EmbeddingProvider } from "#gen/llmemory/v1/embedding_model_pb.js";
import { InvalidInputError } from "../../src/domain/errors.ts";
import { decodeModelSpec } from "../../src/services/decode-model-spec.ts";

type Request = MessageInitShape<typeof StartModelMigrationRequestSchema>;

const decode = (request: Request) => decodeModelSpec(create(StartModelMigrationRequestSchema, request));
const { LOCAL, OPENAI, HASHING } = EmbeddingProvider;

describe("the model to change to", () => {
  it.each<{ request: Request; spec: object }>([
    { request: { provider: LOCAL }, spec: { provider: "local", name: undefined } },
    { request: { provider: LOCAL, name: "bge" }, spec: { provider: "local", name: "bge" } },
    { request: { provider: HASHING, name: "256", dimension: 256 }, spec: { provider: "hashing", dimension: 256 } },
    {
      request: { provider: OPENAI, name: "m", dimension: 8, baseUrl: "http://127.0.0.1/v1", queryPrefix: "", inputTokensMax: 99 },
      spec: {
        provider: "openai",
        name: "m",
        dimension: 8,
        baseUrl: "http://127.0.0.1/v1",
        documentPrefix: undefined,
        queryPrefix: "",
        inputTokensMax: 99,
      },
    },
  ])("is $spec", ({ request, spec }) => {
    expect(decode(request)).toEqual(spec);
  });

  it.each<{ request: Request; fields: string[] }>([
    { request: { provider: OPENAI }, fields: ["name"] },
    { request: { provider: HASHING }, fields: ["dimension"] },
    { request: { provider: HASHING, name: "384", dimension: 256 }, fields: ["name"] },
    { request: { provider: LOCAL, name: "x", dimension: 256, baseUrl: "http://127.0.0.1" }, fields: ["base_url", "dimension"] },
    {
      request: { provider: HASHING, dimension: 8, documentPrefix: "", queryPrefix: "q", inputTokensMax: 99 },
      fields: ["document_prefix", "query_prefix", "input_tokens_max"],
    },
  ])("is refused for $fields", ({ request, fields }) => {
    const refused = (() => {
      try {
        return decode(request);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(InvalidInputError);
    if (refused instanceof InvalidInputError) expect(refused.violations.map(({ field }) => field)).toEqual(fields);
  });
});

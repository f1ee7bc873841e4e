import { describe, expect, it } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import type { EmbeddingModelSpec } from "../../src/embedding/embedding-model-spec.ts";
import { resolveOpenAiModel } from "../../src/embedding/openai-model.ts";

function resolve(spec: Omit<EmbeddingModelSpec, "provider">) {
  return resolveOpenAiModel({ provider: "openai", ...spec });
}

describe("a model behind an endpoint", () => {
  it("is what the registry says, and is asked for no dimension", () => {
    const { model, requestedDimension, inputTokensMax } = resolve({ name: "text-embedding-3-small" });
    expect(model).toMatchObject({ modelId: "openai/text-embedding-3-small", name: "text-embedding-3-small", dimension: 1_536 });
    expect({ requestedDimension, inputTokensMax }).toEqual({ requestedDimension: undefined, inputTokensMax: 8_191 });
    expect(resolve({ name: "text-embedding-3-small", dimension: 1_536 })).toEqual(resolve({ name: "text-embedding-3-small" }));
  });

  it("has an id of its own where its vectors are shortened", () => {
    const { model, requestedDimension } = resolve({ name: "text-embedding-3-large", dimension: 1_024 });
    expect(model).toMatchObject({ modelId: "openai/text-embedding-3-large@1024", dimension: 1_024 });
    expect(requestedDimension).toBe(1_024);
  });

  it("has an id of its own with another document prefix, and the same with another query prefix", () => {
    const name = "intfloat/e5-base-v2";
    const plain = resolve({ name }).model;
    expect(plain).toMatchObject({ modelId: "openai/intfloat/e5-base-v2", documentPrefix: "passage: ", queryPrefix: "query: " });
    expect(resolve({ name, queryPrefix: "ask: " }).model).toEqual({ ...plain, queryPrefix: "ask: " });
    const ids = ["text: ", "note: "].map((documentPrefix) => resolve({ name, documentPrefix }).model.modelId);
    expect(new Set([...ids, plain.modelId]).size).toBe(3);
    expect(ids[0]).toMatch(/^openai\/intfloat\/e5-base-v2\+[0-9a-f]{8}$/);
  });

  it("that nobody knows is what the settings say", () => {
    const { model, requestedDimension, inputTokensMax } = resolve({
      name: "team/notes-embedder",
      dimension: 700,
      documentPrefix: "d: ",
      queryPrefix: "q: ",
      inputTokensMax: 1_000,
    });
    expect(model).toMatchObject({ provider: "openai", dimension: 700, documentPrefix: "d: ", queryPrefix: "q: " });
    expect({ requestedDimension, inputTokensMax }).toEqual({ requestedDimension: undefined, inputTokensMax: 1_000 });
  });

  it("leaves room in its input for its prefix and for a tokenizer that counts more than ours", () => {
    const { model } = resolve({ name: "intfloat/e5-base-v2" });
    expect(model.chunkTokensMax).toBeLessThan(512);
    expect(model.chunkTokensMax).toBeGreaterThan(350);
    expect(
      resolve({ name: "x", dimension: 2, inputTokensMax: 32, documentPrefix: "long ".repeat(100) }).model.chunkTokensMax,
    ).toBe(1);
  });

  it.each([
    [{}, "LLMEMORY_EMBEDDING_MODEL"],
    [{ name: "team/notes-embedder" }, "LLMEMORY_EMBEDDING_DIMENSION"],
    [{ name: "text-embedding-ada-002", dimension: 512 }, "1536 and no others"],
    [{ name: "text-embedding-3-small", dimension: 2_000 }, "at most 1536"],
    [{ name: "BAAI/bge-m3", dimension: 768 }, "1024 and no others"],
  ])("cannot be %j", (spec, says) => {
    expect(() => resolve(spec)).toThrow(StartupError);
    expect(() => resolve(spec)).toThrow(says);
  });
});

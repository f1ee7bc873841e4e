import { describe, expect, it } from "vitest";
import { knownModel } from "../../src/embedding/known-models.ts";

describe("the models that are known", () => {
  it.each(["bge-m3", "BAAI/bge-m3", "bge-m3:latest", "registry/team/BGE-M3:567m"])("are found as %s", (name) => {
    expect(knownModel(name)).toEqual({
      dimension: 1_024,
      inputTokensMax: 8_192,
      documentPrefix: "",
      queryPrefix: "",
      canShorten: false,
    });
  });

  it("are told apart where a tag makes another model", () => {
    expect(knownModel("qwen3-embedding:0.6b")?.dimension).toBe(1_024);
    expect(knownModel("qwen3-embedding:4b")?.dimension).toBe(2_560);
    expect(knownModel("qwen3-embedding")).toBeUndefined();
  });

  it("have the prefixes that they were trained with", () => {
    expect(knownModel("intfloat/multilingual-e5-base")).toMatchObject({ documentPrefix: "passage: ", queryPrefix: "query: " });
    expect(knownModel("nomic-embed-text")).toMatchObject({ documentPrefix: "search_document: ", queryPrefix: "search_query: " });
  });

  it.each(["my-model", "", "constructor", "__proto__"])("are not %j", (name) => {
    expect(knownModel(name)).toBeUndefined();
  });
});

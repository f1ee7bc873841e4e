import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { DeleteDocumentsRequestSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { decodeChoice } from "../../src/services/decode-choice.ts";

const now = new Date("2026-03-01");

describe("the documents that a deletion chooses", () => {
  it("are those of a filter that have not expired", () => {
    const request = create(DeleteDocumentsRequestSchema, { filter: { languages: ["de"] } });
    expect(decodeChoice(request, now)).toMatchObject({ kind: "filter", filter: { languages: ["de"], liveAt: now } });
  });

  it("are those with any of the ids", () => {
    const request = create(DeleteDocumentsRequestSchema, { documentIds: ["d"], idsAtOrigin: ["a", "b"] });
    expect(decodeChoice(request, now)).toEqual({ kind: "ids", documentIds: ["d"], idsAtOrigin: ["a", "b"], liveAt: now });
  });
});

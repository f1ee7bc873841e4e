import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { UpdateDocumentRequestSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { checkUpdate } from "../../src/interceptors/check-update.ts";

type Given = MessageInitShape<typeof UpdateDocumentRequestSchema>;

function check(given: Given) {
  return checkUpdate(create(UpdateDocumentRequestSchema, given));
}

describe("an update", () => {
  it.each<{ what: string; given: Given }>([
    { what: "a field and no mask", given: { documentName: "" } },
    {
      what: "a mask that clears",
      given: { updateMask: { paths: ["document_name", "document_date", "metadata", "expires_at"] } },
    },
    { what: "a mask beside fields that it does not name", given: { documentName: "a", updateMask: { paths: ["metadata"] } } },
  ])("may have $what", ({ given }) => {
    expect(check(given)).toEqual([]);
  });

  it.each([
    { paths: ["content"], named: '"content"' },
    { paths: ["document_name", "metadata.a"], named: '"metadata.a"' },
    { paths: ["documentName", "*", "a", "b"], named: '"documentName", "*", "a" and more' },
    { paths: ["x".repeat(10_000)], named: `"${"x".repeat(50)}"` },
  ])("with a mask of $paths is one violation that names what is allowed", ({ paths, named }) => {
    const violations = check({ documentName: "a", updateMask: { paths } });
    expect(violations).toMatchObject([{ field: "update_mask", rule: "update_mask.known_paths" }]);
    expect(violations[0]?.description).toContain(`names ${named}, but`);
    expect(violations[0]?.description).toContain("document_name, document_date, metadata, expires_at");
  });

  it("has to change something", () => {
    expect(check({ expectedVersion: 1 })).toMatchObject([{ field: "update_mask", rule: "update_mask.not_empty" }]);
    expect(check({ updateMask: { paths: [] } })).toHaveLength(1);
  });

  it("is checked as the document of an add is", () => {
    const fields = check({ documentName: "a\u0007", metadata: { ["k".repeat(101)]: 1 } }).map(({ field }) => field);
    expect(fields).toEqual(["document_name", "metadata"]);
  });
});

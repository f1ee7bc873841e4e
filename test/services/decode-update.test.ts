import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { UpdateDocumentRequestSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { decodeUpdate } from "../../src/services/decode-update.ts";

function decode(given: MessageInitShape<typeof UpdateDocumentRequestSchema>) {
  return decodeUpdate(create(UpdateDocumentRequestSchema, { ownerId: "o", key: { case: "idAtOrigin", value: "k" }, ...given }));
}

describe("decoding an update", () => {
  const date = new Date("2026-01-01");

  it("takes the fields that are there when there is no mask", () => {
    expect(decode({ documentName: "", expectedVersion: 3 })).toStrictEqual({
      key: { ownerId: "o", idAtOrigin: "k" },
      changes: { documentName: "" },
      expectedVersion: 3,
    });
    const all = {
      documentName: "n",
      documentDate: timestampFromDate(date),
      metadata: { a: 1 },
      expiresAt: timestampFromDate(date),
    };
    expect(decode(all).changes).toStrictEqual({ documentName: "n", documentDate: date, metadata: { a: 1 }, expiresAt: date });
  });

  it("takes what the mask names, and clears it where it is absent", () => {
    const updateMask = { paths: ["document_date", "metadata"] };
    expect(decode({ documentName: "ignored", metadata: { a: 1 }, updateMask }).changes).toStrictEqual({
      documentDate: undefined,
      metadata: { a: 1 },
    });
    const paths = ["document_name", "metadata", "expires_at"];
    expect(decode({ updateMask: { paths } }).changes).toStrictEqual({ documentName: "", metadata: {}, expiresAt: undefined });
  });
});

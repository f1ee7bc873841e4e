import { PassThrough } from "node:stream";
import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { ExplainSearchResponseSchema } from "#gen/llmemory/v1/admin_service_pb.js";
import { renderExplanation } from "../../../src/cli/format/explanation.ts";

it("shows the answer, and then how each statement ran", () => {
  const explained = create(ExplainSearchResponseSchema, {
    response: {},
    statements: [
      { name: "find_candidates", sql: "not shown", plan: "Index Scan\n  Buffers: 3\n", duration: { nanos: 12_000_000 } },
      { name: "load_hits", plan: "Nested Loop\u001b[2J" },
    ],
  });
  const view = { query: "tea", ownerId: "ada", stream: new PassThrough(), hitsMax: undefined };
  expect(renderExplanation(explained, view)).toBe(
    `No hits among the documents of owner ada.

find_candidates  12 ms
Index Scan
  Buffers: 3

load_hits
Nested Loop␛[2J
`,
  );
});

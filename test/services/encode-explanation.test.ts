import { toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ExplainSearchResponseSchema } from "#gen/llmemory/v1/admin_service_pb.js";
import { ShortfallReason } from "#gen/llmemory/v1/search_service_pb.js";
import { limits } from "../../src/domain/limits.ts";
import { encodeExplanation } from "../../src/services/encode-explanation.ts";
import { answer, hit, largeHit } from "./sample-answers.ts";

test("statements keep their order and their texts", () => {
  const statements = [
    { name: "find_candidates", sql: "find $1", plan: "Index Scan\n  Buffers: 3", durationMs: 12.5 },
    { name: "load_hits", sql: "load $1", plan: "Nested Loop", durationMs: 1 },
  ];
  const encoded = encodeExplanation({ answer: answer({ hits: [hit()] }), statements });
  expect(encoded).toMatchObject({
    response: { results: [{ content: "Ada likes tea." }] },
    statements: [
      { name: "find_candidates", sql: "find $1", plan: "Index Scan\n  Buffers: 3", duration: { nanos: 12_500_000 } },
      { name: "load_hits", sql: "load $1", plan: "Nested Loop" },
    ],
  });
});

test("what is too large for a reply is cut: a plan visibly, results with the receipt's word", () => {
  const plan = "é".repeat(2 * 1024 * 1024);
  const statements = [
    { name: "find_candidates", sql: "find $1", plan, durationMs: 1 },
    { name: "load_hits", sql: "load $1", plan, durationMs: 1 },
  ];
  const hits = Array.from({ length: 100 }, () => largeHit(100_000));
  const encoded = encodeExplanation({ answer: answer({ hits }), statements });
  const bytes = toBinary(ExplainSearchResponseSchema, encoded).length;
  expect(bytes).toBeLessThanOrEqual(limits.replyBytesMax);
  expect(bytes).toBeGreaterThan(limits.replyBytesMax - 101_000);
  expect(encoded.statements.map(({ sql }) => sql)).toEqual(["find $1", "load $1"]);
  for (const statement of encoded.statements) expect(statement.plan).toMatch(/^é+…$/);
  expect(encoded.response?.receipt?.shortfallReason).toBe(ShortfallReason.REPLY_SIZE);
});

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RecordFeedbackRequestSchema } from "#gen/llmemory/v1/search_service_pb.js";
import { decodeFeedback } from "../../src/services/decode-feedback.ts";

test("feedback keeps its order, and ids are written as the service writes them", () => {
  const request = create(RecordFeedbackRequestSchema, {
    ownerId: "Ada",
    searchId: "0190A0E0-0000-7000-8000-00000000000A",
    feedback: [
      { chunkId: "0190A0E0-0000-7000-8000-00000000000B", rating: -0.5, note: "Off topic" },
      { chunkId: "0190a0e0-0000-7000-8000-00000000000c", rating: 0 },
    ],
  });
  expect(decodeFeedback(request)).toEqual({
    ownerId: "Ada",
    searchId: "0190a0e0-0000-7000-8000-00000000000a",
    feedback: [
      { chunkId: "0190a0e0-0000-7000-8000-00000000000b", rating: -0.5, note: "Off topic" },
      { chunkId: "0190a0e0-0000-7000-8000-00000000000c", rating: 0, note: "" },
    ],
  });
});

import { expect } from "vitest";

/** Asserts on what the Go or the Python client has seen; both do the same and print the same. */
export function expectClientReport(reportJson: string): void {
  const invalidDocument = { code: "INVALID_ARGUMENT", reason: "INVALID_INPUT" };
  expect(JSON.parse(reportJson)).toEqual({
    add: { outcome: "OUTCOME_CREATED", chunksCreated: 1 },
    search: [{ idAtOrigin: "notes/coffee", content: "Alice drinks her coffee black." }],
    ingest: {
      durableFirst: 0,
      durableLast: 5,
      windowItems: expect.toSatisfy((items: number) => items >= 1),
      failures: [{ sequence: 3, idAtOrigin: "stream/3", error: { ...invalidDocument, fields: ["content"] } }],
      end: "OK",
    },
    // The client's own clock ends the call, so that no details come with it.
    deadline: { code: "DEADLINE_EXCEEDED", fields: null, reason: "" },
    // Everything that is wrong with the request, at once.
    invalid: { ...invalidDocument, fields: expect.toSatisfy(namesAllFields) },
    largeReply: 3_500_000,
    largerReply: { code: "RESOURCE_EXHAUSTED", fields: null, reason: "REPLY_TOO_LARGE" },
  });
}

function namesAllFields(fields: readonly string[]): boolean {
  return ["owner_id", "document_name", "content"].every((field) => fields.includes(field));
}

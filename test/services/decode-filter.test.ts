import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { FilterSchema } from "#gen/llmemory/v1/document_pb.js";
import { decodeFilter } from "../../src/services/decode-filter.ts";

test("no filter and an empty one choose everything", () => {
  expect(decodeFilter(undefined)).toEqual({});
  expect(decodeFilter(create(FilterSchema))).toEqual({ idsAtOrigin: [], documentIds: [], documentTypes: [] });
});

test("every part is taken over", () => {
  const [dateFrom, dateTo] = [new Date("2026-01-01T00:00:00.001Z"), new Date("2026-02-01T00:00:00Z")];
  const filter = create(FilterSchema, {
    idsAtOrigin: ["a"],
    documentIds: ["0190a0e0-0000-7000-8000-000000000000"],
    documentTypes: [2, 14],
    dateFrom: timestampFromDate(dateFrom),
    dateTo: timestampFromDate(dateTo),
  });
  expect(decodeFilter(filter)).toEqual({
    idsAtOrigin: ["a"],
    documentIds: ["0190a0e0-0000-7000-8000-000000000000"],
    documentTypes: ["markdown", "unknown"],
    dateFrom,
    dateTo,
    metadata: undefined,
  });
});

test.each([["text"], [""], [3.5], [0], [true], [false], [null], [["a", 1]], [{ a: { b: null } }]] as JsonValue[][])(
  "a condition compares with %j of whatever JSON type",
  (value) => {
    const metadata = { condition: { path: "customer.ci\\.ty", value: value ?? null } };
    const { metadata: expression } = decodeFilter(fromJson(FilterSchema, { metadata }));
    expect(expression).toEqual({ kind: "equal", path: ["customer", "ci.ty"], value });
  },
);

test("lists of conditions keep their order and depth", () => {
  const condition = (path: string) => ({ condition: { path, value: 1 } });
  const metadata = { all: { expressions: [condition("a"), { all: { expressions: [condition("b"), condition("c")] } }] } };
  expect(decodeFilter(fromJson(FilterSchema, { metadata })).metadata).toEqual({
    kind: "all",
    expressions: [
      { kind: "equal", path: ["a"], value: 1 },
      {
        kind: "all",
        expressions: [
          { kind: "equal", path: ["b"], value: 1 },
          { kind: "equal", path: ["c"], value: 1 },
        ],
      },
    ],
  });
});

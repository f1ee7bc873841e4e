import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { FilterSchema } from "#gen/llmemory/v1/document_pb.js";
import { decodeFilter } from "../../src/services/decode-filter.ts";

test("no filter and an empty one choose everything", () => {
  expect(decodeFilter(undefined)).toEqual({});
  expect(decodeFilter(create(FilterSchema))).toEqual({ idsAtOrigin: [], documentIds: [], documentTypes: [], languages: [] });
});

test("every part is taken over", () => {
  const [dateFrom, dateTo] = [new Date("2026-01-01T00:00:00.001Z"), new Date("2026-02-01T00:00:00Z")];
  const filter = create(FilterSchema, {
    idsAtOrigin: ["a"],
    documentIds: ["0190a0e0-0000-7000-8000-000000000000"],
    documentTypes: [2, 14],
    languages: ["en", "pt-BR"],
    dateFrom: timestampFromDate(dateFrom),
    dateTo: timestampFromDate(dateTo),
  });
  expect(decodeFilter(filter)).toEqual({
    idsAtOrigin: ["a"],
    documentIds: ["0190a0e0-0000-7000-8000-000000000000"],
    documentTypes: ["markdown", "unknown"],
    languages: ["en", "pt-BR"],
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

test.each<[operator: string, value: JsonValue | undefined, expected: object]>([
  ["OPERATOR_UNSPECIFIED", null, { kind: "equal", value: null }],
  ["OPERATOR_EQ", ["a"], { kind: "equal", value: ["a"] }],
  ["OPERATOR_NE", 1, { kind: "not_equal", value: 1 }],
  ["OPERATOR_IN", ["a", 1, null], { kind: "in", values: ["a", 1, null] }],
  ["OPERATOR_RANGE", { gte: 1, lt: 2.5 }, { kind: "range", bounds: { gte: 1, lt: 2.5 } }],
  ["OPERATOR_RANGE", { gt: "a" }, { kind: "range", bounds: { gt: "a" } }],
  ["OPERATOR_EXISTS", undefined, { kind: "exists", exists: true }],
  ["OPERATOR_EXISTS", true, { kind: "exists", exists: true }],
  ["OPERATOR_EXISTS", false, { kind: "exists", exists: false }],
  ["OPERATOR_CONTAINS", "a", { kind: "contains", values: ["a"] }],
  ["OPERATOR_CONTAINS", ["a", 2], { kind: "contains", values: ["a", 2] }],
  ["OPERATOR_CONTAINS", [["a"]], { kind: "contains", values: [["a"]] }],
])("%s with %j", (operator, value, expected) => {
  const condition = { path: "a", operator, ...(value === undefined ? {} : { value }) };
  expect(decodeFilter(fromJson(FilterSchema, { metadata: { condition } })).metadata).toEqual({ path: ["a"], ...expected });
});

test("expressions keep their order and depth", () => {
  const condition = (path: string) => ({ condition: { path, value: 1 } });
  const equal = (path: string) => ({ kind: "equal", path: [path], value: 1 });
  const all = {
    expressions: [condition("a"), { any: { expressions: [condition("b"), { not: condition("c") }] } }, { not: condition("d") }],
  };
  expect(decodeFilter(fromJson(FilterSchema, { metadata: { all } })).metadata).toEqual({
    kind: "all",
    expressions: [
      equal("a"),
      { kind: "any", expressions: [equal("b"), { kind: "not", expression: equal("c") }] },
      { kind: "not", expression: equal("d") },
    ],
  });
});

import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { MetadataConditionSchema, Operator } from "#gen/llmemory/v1/document_pb.js";
import { checkCondition } from "../../src/interceptors/check-condition.ts";

const many = (count: number): JsonValue[] => Array.from({ length: count }, (_, index) => index);

/** Rule and description of what is wrong; undefined: nothing. */
function faultOf(operator: Operator, value: JsonValue): string | undefined {
  const condition = create(MetadataConditionSchema, { path: "a", operator, value: fromJson(ValueSchema, value) });
  const [violation, ...others] = checkCondition("condition", condition);
  expect(others).toEqual([]);
  if (violation) expect(violation.field).toBe("condition.value");
  return violation && `${violation.rule}: ${violation.description}`;
}

describe.each([Operator.UNSPECIFIED, Operator.EQ, Operator.NE])("operator %d", (operator) => {
  test.each([[null], [0], [false], [""], [[]], [{}], [many(1_001)], ["x".repeat(65_534)]])("takes any value", (value) => {
    expect(faultOf(operator, value)).toBeUndefined();
  });

  test("but none that is larger than all metadata of a document", () => {
    expect(faultOf(operator, "x".repeat(65_535))).toMatch(
      "metadata_value.size: is 65537 bytes of JSON; at most 65536 are allowed",
    );
  });
});

test.each<[operator: Operator, value: JsonValue, expected: string | undefined]>([
  [Operator.IN, ["a"], undefined],
  [Operator.IN, [null, 1, "a", [], {}], undefined],
  [Operator.IN, many(1_000), undefined],
  [Operator.IN, many(1_001), "has 1001 values; it must have 1 to 1000"],
  [Operator.IN, [], "has 0 values; it must have 1 to 1000"],
  [Operator.IN, "a", "must be a list of values for OPERATOR_IN"],
  [Operator.IN, { a: 1 }, "must be a list of values for OPERATOR_IN"],
  [Operator.CONTAINS, "a", undefined],
  [Operator.CONTAINS, null, undefined],
  [Operator.CONTAINS, [["a"]], undefined],
  [Operator.CONTAINS, [], "has 0 values; it must have 1 to 1000"],
  [Operator.CONTAINS, many(1_001), "has 1001 values; it must have 1 to 1000"],
  [Operator.EXISTS, true, undefined],
  [Operator.EXISTS, false, undefined],
  [Operator.EXISTS, null, "must be true, false or absent for OPERATOR_EXISTS"],
  [Operator.EXISTS, "false", "must be true, false or absent for OPERATOR_EXISTS"],
])("operator %d with %j", (operator, value, expected) => {
  const fault = faultOf(operator, value);
  if (expected === undefined) expect(fault).toBeUndefined();
  else expect(fault).toContain(expected);
});

describe("a range", () => {
  test.each<[value: JsonValue, expected: string | undefined]>([
    [{ gt: 1 }, undefined],
    [{ gte: -1.5, lte: 2 }, undefined],
    [{ gte: 1, lte: 1 }, undefined],
    [{ lt: "b" }, undefined],
    [{ gt: "", lt: "b" }, undefined],
    // The first is one UTF-16 unit and the larger one, but the smaller code point.
    [{ gte: "\uffee", lt: "\u{1f600}" }, undefined],
    [{ gte: "\u{1f600}", lt: "\uffee" }, "has a lower end above its upper end"],
    [{ gte: 2, lte: 1 }, "has a lower end above its upper end"],
    [{ gt: "b", lt: "a" }, "has a lower end above its upper end"],
    [{ gt: 1, lt: 1 }, "has ends that nothing lies between"],
    [{ gte: 1, lt: 1 }, "has ends that nothing lies between"],
    [{ gt: 0, lte: -0 }, "has ends that nothing lies between"],
    [{ gt: 1, gte: 1 }, "has both gt and gte"],
    [{ lt: 1, lte: 1 }, "has both lt and lte"],
    [{ gt: 1, lt: 2, lte: 3 }, "has both lt and lte"],
    [{}, "must have one or two of gt, gte, lt and lte, and nothing else"],
    [{ gte: 1, to: 2 }, "must have one or two of gt, gte, lt and lte, and nothing else"],
    [{ gte: 1, lt: "b" }, "must have ends that are all numbers or all strings"],
    [{ gte: null }, "must have ends that are all numbers or all strings"],
    [{ gte: [1] }, "must have ends that are all numbers or all strings"],
    [[1, 2], "must be an object with ends of the range"],
    [3, "must be an object with ends of the range"],
    [null, "must be an object with ends of the range"],
  ])("%j", (value, expected) => {
    const fault = faultOf(Operator.RANGE, value);
    if (expected === undefined) expect(fault).toBeUndefined();
    else expect(fault).toContain(`metadata_value.range: ${expected}`);
  });
});

test.each([
  ["a value without a kind", {}],
  ["a list with such a value", { kind: { case: "listValue" as const, value: { values: [{}] } } }],
  ["a number that is none", { kind: { case: "numberValue" as const, value: Number.NaN } }],
  ["an endless number", { kind: { case: "numberValue" as const, value: Number.NEGATIVE_INFINITY } }],
])("%s, which JSON does not have, is refused", (_name, value) => {
  expect(checkCondition("c", create(MetadataConditionSchema, { path: "a", value }))).toMatchObject([
    { field: "c.value", rule: "metadata_value.json" },
  ]);
});

test("a bad path and a bad value are found together, and neither is quoted", () => {
  const value = fromJson(ValueSchema, "secret");
  const found = checkCondition("c", create(MetadataConditionSchema, { path: "secret.", operator: Operator.IN, value }));
  expect(found.map(({ field }) => field)).toEqual(["c.path", "c.value"]);
  expect(JSON.stringify(found)).not.toContain("secret");
});

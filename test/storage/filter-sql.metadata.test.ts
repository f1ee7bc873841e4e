import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../../src/domain/document.ts";
import type { MetadataCondition, MetadataExpression, RangeBounds } from "../../src/domain/filter.ts";
import { limits } from "../../src/domain/limits.ts";
import { listDocuments } from "../../src/storage/list-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

/** What the filter means, in TypeScript: `undefined` is a path that leads nowhere. */
function holds(expression: MetadataExpression, metadata: JsonObject): boolean {
  switch (expression.kind) {
    case "all":
      return expression.expressions.every((part) => holds(part, metadata));
    case "any":
      return expression.expressions.some((part) => holds(part, metadata));
    case "not":
      return !holds(expression.expression, metadata);
    default:
      return conditionHolds(expression, valueAt(metadata, expression.path));
  }
}

function conditionHolds(condition: MetadataCondition, value: JsonValue | undefined): boolean {
  switch (condition.kind) {
    case "equal":
      return isSame(value, condition.value);
    case "not_equal":
      return !isSame(value, condition.value);
    case "in":
      return condition.values.some((wanted) => isSame(value, wanted));
    case "range":
      return isWithin(value, condition.bounds);
    case "exists":
      return (value !== undefined) === condition.exists;
    case "contains":
      return Array.isArray(value) && condition.values.every((wanted) => value.some((element) => isSame(element, wanted)));
  }
}

function valueAt(metadata: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = metadata;
  for (const name of path) {
    if (value === undefined || value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

function isSame(left: JsonValue | undefined, right: JsonValue): boolean {
  if (left === undefined || left === null || right === null) return left === right;
  if (typeof left !== "object" || typeof right !== "object") return left === right;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const [leftEntries, rightEntries] = [Object.entries(left), Object.entries(right)];
  const others = new Map(rightEntries);
  return (
    leftEntries.length === rightEntries.length &&
    leftEntries.every(([name, child]) => {
      const other = others.get(name);
      return other !== undefined && isSame(child, other);
    })
  );
}

function isWithin(value: JsonValue | undefined, bounds: RangeBounds): boolean {
  const checks: readonly [number | string | undefined, (order: number) => boolean][] = [
    [bounds.gt, (order) => order > 0],
    [bounds.gte, (order) => order >= 0],
    [bounds.lt, (order) => order < 0],
    [bounds.lte, (order) => order <= 0],
  ];
  return checks.every(([bound, check]) => {
    if (bound === undefined) return true;
    if (typeof value === "number" && typeof bound === "number") return check(Math.sign(value - bound));
    if (typeof value === "string" && typeof bound === "string") return check(compareByCodePoints(value, bound));
    return false;
  });
}

function compareByCodePoints(left: string, right: string): number {
  return Math.sign(Buffer.compare(Buffer.from(left), Buffer.from(right)));
}

const names = ["a", "b", "0", "-1", "a.b", 'q"u\\', "ü", "$", "__proto__"];
const anyName = fc.constantFrom(...names);
// "\uffff" stands after "🎈" by UTF-16 and before it by code point.
const anyText = fc.oneof(
  fc.constantFrom("", "a", "b", "Z", "é", "🎈", "\uffff", "1", "10", "9", "'; --", "%", "null"),
  fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
);
const anyNumber = fc.oneof(
  fc.constantFrom(0, 1, 2, -1, 1.5, 1e21, -2.5e-7, 2 ** 53, 5e-324, 1.7976931348623157e308),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
);
const anyScalar: fc.Arbitrary<JsonValue> = fc.oneof(fc.constantFrom(null, true, false), anyNumber, anyText);
const anyValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 3, withCrossShrink: true },
    { weight: 4, arbitrary: anyScalar },
    { weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
    { weight: 2, arbitrary: objectOf(tie("value")) },
  ),
})).value;
const anyMetadata = objectOf(anyValue);

function objectOf(value: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> {
  return fc
    .uniqueArray(fc.tuple(anyName, value), { maxLength: 4, selector: ([name]) => name })
    .map((entries) => Object.fromEntries(entries));
}

interface Place {
  readonly path: readonly string[];
  readonly value: JsonValue;
}

/** Conditions that ask for what some document holds, and others. */
function anyExpression(documents: readonly JsonObject[]): fc.Arbitrary<MetadataExpression> {
  const places = documents.flatMap((metadata) => placesOf(metadata, []));
  const anyPlace: fc.Arbitrary<Place> = fc.record({ path: fc.array(anyName, { minLength: 1, maxLength: 3 }), value: anyValue });
  const place: fc.Arbitrary<Place> =
    places.length === 0
      ? anyPlace
      : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...places) }, { weight: 1, arbitrary: anyPlace });
  const values = fc.array(
    fc.oneof(
      anyValue,
      place.map(({ value }) => value),
    ),
    { maxLength: 3 },
  );
  const condition = fc.oneof(
    fc
      .tuple(place, fc.constantFrom("equal" as const, "not_equal" as const))
      .map(([{ path, value }, kind]): MetadataCondition => ({ kind, path, value })),
    fc
      .tuple(place, values)
      .map(([{ path, value }, others]): MetadataCondition => ({ kind: "in", path, values: [value, ...others] })),
    fc.tuple(place, values).map(([{ path }, others]): MetadataCondition => ({ kind: "in", path, values: others })),
    fc.tuple(place, fc.boolean()).map(([{ path }, exists]): MetadataCondition => ({ kind: "exists", path, exists })),
    fc.tuple(place, values, fc.nat(3)).map(
      ([{ path, value }, others, count]): MetadataCondition => ({
        kind: "contains",
        path,
        values: Array.isArray(value) ? value.slice(0, count) : others,
      }),
    ),
    fc.tuple(place, anyBounds(place)).map(([{ path }, bounds]): MetadataCondition => ({ kind: "range", path, bounds })),
  );
  return fc.letrec<{ expression: MetadataExpression }>((tie) => {
    const expressions = fc.array(tie("expression"), { maxLength: 3 });
    return {
      expression: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        { weight: 4, arbitrary: condition },
        { weight: 1, arbitrary: tie("expression").map((expression) => ({ kind: "not" as const, expression })) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("all" as const, "any" as const), expressions }) },
      ),
    };
  }).expression;
}

function anyBounds(place: fc.Arbitrary<Place>): fc.Arbitrary<RangeBounds> {
  const bound = fc.oneof(
    anyNumber,
    anyText,
    place.map(({ value }) => (typeof value === "number" || typeof value === "string" ? value : 1)),
  );
  const lower = fc.constantFrom("gt", "gte");
  const upper = fc.constantFrom("lt", "lte");
  return fc.oneof(
    fc.tuple(fc.oneof(lower, upper), bound).map(([name, value]) => ({ [name]: value })),
    fc.tuple(lower, bound, upper, bound).map(([from, least, to, most]) => ({ [from]: least, [to]: most })),
  );
}

function placesOf(value: JsonValue, path: readonly string[]): Place[] {
  const own = path.length === 0 ? [] : [{ path, value }];
  if (value === null || typeof value !== "object") return own;
  // Elements of lists are no places: paths that name their index must lead nowhere.
  return [...own, ...Object.entries(value).flatMap(([name, child]) => placesOf(child, [...path, name]))];
}

describe.each(testDatabases())("filters of metadata on $name", (kind) => {
  const storage = useStorage(kind);

  async function storeAll(documents: readonly JsonObject[]): Promise<string> {
    const ownerId = newOwner();
    const sketches = documents.map((metadata, index) => ({ ownerId, documentName: String(index), metadata }));
    await store(storage().database, sketches);
    return ownerId;
  }

  async function chosen(ownerId: string, metadata: MetadataExpression): Promise<number[]> {
    const query = {
      ownerId,
      filter: { metadata },
      order: "document_name" as const,
      descending: false,
      after: undefined,
      count: 100,
    };
    const rows = await listDocuments(storage().database, query);
    return rows.map(({ document }) => Number(document.documentName)).sort((left, right) => left - right);
  }

  it("choose what a plain evaluation of the same expression chooses", async () => {
    const documentsWithExpressions = fc
      .array(anyMetadata, { minLength: 1, maxLength: 25 })
      .chain((documents) =>
        fc.tuple(fc.constant(documents), fc.array(anyExpression(documents), { minLength: 1, maxLength: 25 })),
      );
    await fc.assert(
      fc.asyncProperty(documentsWithExpressions, async ([documents, expressions]) => {
        const ownerId = await storeAll(documents);
        for (const expression of expressions) {
          const expected = documents.flatMap((metadata, index) => (holds(expression, metadata) ? [index] : []));
          expect(await chosen(ownerId, expression), JSON.stringify(expression)).toEqual(expected);
        }
      }),
      { numRuns: 100 },
    );
  });

  describe("of one document per kind of value", () => {
    const values: Record<string, JsonObject> = {
      missing: {},
      null: { v: null },
      one: { v: 1 },
      ten: { v: 10 },
      textTen: { v: "10" },
      textNine: { v: "9" },
      umlaut: { v: "ä" },
      balloon: { v: "🎈" },
      last: { v: "\uffff" },
      list: { v: ["x", "y", 1] },
      listOfObjects: { v: [{ a: 1, b: 2 }, ["x"]] },
      emptyList: { v: [] },
      object: { v: { 0: "x" } },
      true: { v: true },
    };
    const all = Object.keys(values);
    let ownerId: string | undefined;

    const path = ["v"];
    const except = (...excluded: string[]) => all.filter((name) => !excluded.includes(name));
    it.each<{ expression: MetadataExpression; chooses: string[] }>([
      { expression: { kind: "not_equal", path, value: 1 }, chooses: except("one") },
      { expression: { kind: "not_equal", path, value: ["x", "y", 1] }, chooses: except("list") },
      { expression: { kind: "not", expression: { kind: "equal", path, value: 1 } }, chooses: except("one") },
      { expression: { kind: "in", path, values: [1, "10", null, ["x", "y", 1]] }, chooses: ["null", "one", "textTen", "list"] },
      { expression: { kind: "in", path, values: [] }, chooses: [] },
      { expression: { kind: "not", expression: { kind: "in", path, values: [[], 1] } }, chooses: except("emptyList", "one") },
      { expression: { kind: "exists", path, exists: true }, chooses: except("missing") },
      { expression: { kind: "exists", path, exists: false }, chooses: ["missing"] },
      { expression: { kind: "exists", path: ["v", "0"], exists: true }, chooses: ["object"] },
      { expression: { kind: "range", path, bounds: { gte: 1 } }, chooses: ["one", "ten"] },
      { expression: { kind: "range", path, bounds: { gt: 1 } }, chooses: ["ten"] },
      { expression: { kind: "range", path, bounds: { gt: 0.999, lt: 10 } }, chooses: ["one"] },
      { expression: { kind: "range", path, bounds: { lte: "9" } }, chooses: ["textTen", "textNine"] },
      { expression: { kind: "range", path, bounds: { lt: "9" } }, chooses: ["textTen"] },
      { expression: { kind: "range", path, bounds: { gt: "z" } }, chooses: ["umlaut", "balloon", "last"] },
      { expression: { kind: "range", path, bounds: { gt: "\uffff" } }, chooses: ["balloon"] },
      { expression: { kind: "range", path, bounds: { gte: 1, lt: "9" } }, chooses: [] },
      { expression: { kind: "not", expression: { kind: "range", path, bounds: { gte: 1 } } }, chooses: except("one", "ten") },
      { expression: { kind: "contains", path, values: ["y", "x"] }, chooses: ["list"] },
      { expression: { kind: "contains", path, values: ["x", "z"] }, chooses: [] },
      { expression: { kind: "contains", path, values: [] }, chooses: ["list", "listOfObjects", "emptyList"] },
      { expression: { kind: "contains", path, values: [{ a: 1 }] }, chooses: [] },
      { expression: { kind: "contains", path, values: [{ b: 2, a: 1 }] }, chooses: ["listOfObjects"] },
      { expression: { kind: "contains", path, values: [["x"], { a: 1, b: 2 }] }, chooses: ["listOfObjects"] },
      { expression: { kind: "contains", path, values: [[]] }, chooses: [] },
      { expression: { kind: "all", expressions: [] }, chooses: all },
      { expression: { kind: "any", expressions: [] }, chooses: [] },
    ])("$expression choose $chooses", async ({ expression, chooses }) => {
      ownerId ??= await storeAll(Object.values(values));
      expect((await chosen(ownerId, expression)).map((index) => all[index])).toEqual(chooses);
    });
  });

  it("take a path that is longer than metadata is deep for one that leads nowhere", async () => {
    const ownerId = await storeAll([{ a: 1 }]);
    const path = Array.from({ length: limits.metadataDepthMax + 1 }, () => "a");
    expect(await chosen(ownerId, { kind: "exists", path, exists: false })).toEqual([0]);
    expect(await chosen(ownerId, { kind: "equal", path, value: 1 })).toEqual([]);
    expect(await chosen(ownerId, { kind: "not_equal", path, value: [] })).toEqual([0]);
    expect(await chosen(ownerId, { kind: "range", path, bounds: { gt: 0 } })).toEqual([]);
    expect(await chosen(ownerId, { kind: "contains", path, values: [[]] })).toEqual([]);
  });

  it("take names, values and bounds as values and never as SQL", async () => {
    const text = `'); drop table llmemory.documents; --`;
    const ownerId = await storeAll([{ [text]: text }, { [text]: [text, [text]] }]);
    const path = [text];
    expect(await chosen(ownerId, { kind: "in", path, values: [text] })).toEqual([0]);
    expect(await chosen(ownerId, { kind: "not_equal", path, value: text })).toEqual([1]);
    expect(await chosen(ownerId, { kind: "range", path, bounds: { gte: text, lte: text } })).toEqual([0]);
    expect(await chosen(ownerId, { kind: "contains", path, values: [text, [text]] })).toEqual([1]);
    expect(await chosen(ownerId, { kind: "exists", path, exists: true })).toEqual([0, 1]);
  });
});

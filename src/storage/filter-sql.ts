import type { JsonValue } from "../domain/document.ts";
import type { DocumentFilter, MetadataExpression, RangeBounds } from "../domain/filter.ts";
import { limits } from "../domain/limits.ts";

/** Collects the values of a statement: `add` returns the placeholder that stands for one. */
export class Parameters {
  readonly values: unknown[];

  constructor(values: readonly unknown[] = []) {
    this.values = [...values];
  }

  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** What must hold of `documents d` to be one that the filter allows of the owner who is the first parameter. */
export function allowedCondition(filter: DocumentFilter, parameters: Parameters): string {
  return ["d.owner_id = $1", ...filterConditions(filter, parameters)].join(" and ");
}

/** Whether a filter allows every document. */
export function isUnfiltered(filter: DocumentFilter): boolean {
  return filterConditions(filter, new Parameters()).length === 0;
}

/**
 * SQL conditions over `documents d`, to be joined by `and`; none for an empty filter. Values and names go into `parameters`, never
 * into the text.
 */
export function filterConditions(filter: DocumentFilter, parameters: Parameters): string[] {
  const conditions: string[] = [];
  if (filter.idsAtOrigin?.length) conditions.push(`d.id_at_origin = any(${parameters.add(filter.idsAtOrigin)}::text[])`);
  if (filter.documentIds?.length) conditions.push(`d.document_id = any(${parameters.add(filter.documentIds)}::uuid[])`);
  if (filter.documentTypes?.length) conditions.push(`d.document_type = any(${parameters.add(filter.documentTypes)}::text[])`);
  if (filter.languages?.length) conditions.push(languageCondition(filter.languages, parameters));
  if (filter.dateFrom) conditions.push(`d.document_date >= ${parameters.add(filter.dateFrom)}::timestamptz`);
  if (filter.dateTo) conditions.push(`d.document_date <= ${parameters.add(filter.dateTo)}::timestamptz`);
  if (filter.metadata) conditions.push(metadataCondition(filter.metadata, parameters));
  if (filter.liveAt) conditions.push(liveCondition(parameters.add(filter.liveAt)));
  return conditions;
}

/** What holds of `documents d` that have not expired. */
export function liveCondition(now: string): string {
  return `(d.expires_at is null or d.expires_at > ${now}::timestamptz)`;
}

/**
 * A tag chooses itself and the longer tags that begin with its subtags, whatever their case (basic filtering, RFC 4647 section 3.3.1).
 * One comparison each, since documents_by_language serves no `^@ any(…)`.
 */
function languageCondition(languages: readonly string[], parameters: Parameters): string {
  const ranges = [...new Set(languages.map((language) => `${language.toLowerCase()}-`))];
  return anyOf(ranges.map((range) => `(lower(d.language collate "C") || '-') ^@ ${parameters.add(range)}::text`));
}

/**
 * Is true or false for every document and never null, so that `not` may stand before it. EQUAL, IN and CONTAINS are served by
 * documents_by_metadata; the others look at each document that the rest of the filter leaves.
 */
function metadataCondition(expression: MetadataExpression, parameters: Parameters): string {
  switch (expression.kind) {
    case "all":
      return allOf(expression.expressions.map((part) => metadataCondition(part, parameters)));
    case "any":
      return anyOf(expression.expressions.map((part) => metadataCondition(part, parameters)));
    case "not":
      return `(not ${metadataCondition(expression.expression, parameters)})`;
    case "equal":
      return equalCondition(expression, parameters);
    case "not_equal":
      return `(${valueAt(expression.path, parameters)} is distinct from ${parameters.add(JSON.stringify(expression.value))}::jsonb)`;
    case "in":
      return inCondition(expression, parameters);
    case "range":
      return rangeCondition(expression, parameters);
    case "exists":
      return `(${valueAt(expression.path, parameters)} is ${expression.exists ? "not null" : "null"})`;
    case "contains":
      return containsCondition(expression, parameters);
  }
}

interface AtPath {
  readonly path: readonly string[];
}

function equalCondition({ path, value }: AtPath & { value: JsonValue }, parameters: Parameters): string {
  const isContained = `d.metadata @> ${parameters.add(documentWith(path, value))}::jsonb`;
  if (isScalar(value)) return `(${isContained})`;
  return `(${isContained} and ${valueAt(path, parameters)} is not distinct from ${parameters.add(JSON.stringify(value))}::jsonb)`;
}

function inCondition({ path, values }: AtPath & { values: readonly JsonValue[] }, parameters: Parameters): string {
  const documents = parameters.add(values.map((value) => documentWith(path, value)));
  const isContained = `d.metadata @> any(${documents}::jsonb[])`;
  if (values.every(isScalar)) return `(${isContained})`;
  const texts = parameters.add(values.map((value) => JSON.stringify(value)));
  return `(${isContained} and coalesce(${valueAt(path, parameters)} = any(${texts}::jsonb[]), false))`;
}

function containsCondition({ path, values }: AtPath & { values: readonly JsonValue[] }, parameters: Parameters): string {
  const isContained = `d.metadata @> ${parameters.add(documentWith(path, [...values]))}::jsonb`;
  if (values.every(isScalar)) return `(${isContained})`;
  // A value that is itself a list or an object must be an element of the stored list, not only a part of one.
  const value = valueAt(path, parameters);
  const list = `case jsonb_typeof(${value}) when 'array' then ${value} else '[]' end`;
  const texts = parameters.add(values.map((wanted) => JSON.stringify(wanted)));
  return `(${isContained} and not exists (
    select 1 from unnest(${texts}::jsonb[]) as wanted (value) where wanted.value not in (select jsonb_array_elements(${list}))))`;
}

const rangeOperators: readonly (readonly [keyof RangeBounds, string])[] = [
  ["gt", ">"],
  ["gte", ">="],
  ["lt", "<"],
  ["lte", "<="],
];

function rangeCondition({ path, bounds }: AtPath & { bounds: RangeBounds }, parameters: Parameters): string {
  const comparisons = rangeOperators.flatMap(([name, operator]) => {
    const bound = bounds[name];
    return bound === undefined ? [] : [{ operator, bound, type: typeof bound }];
  });
  const [type, ...otherTypes] = new Set(comparisons.map((comparison) => comparison.type));
  // No value is of two types. Nothing is added to the parameters then: PostgreSQL refuses one that the statement does not use.
  if (type === undefined || otherTypes.length > 0) return "(false)";
  const value = valueAt(path, parameters);
  const compared = comparisons.map(({ operator, bound }) =>
    // UTF-8 by bytes, which is what "C" compares, is the order of code points.
    typeof bound === "number"
      ? `(${value})::numeric ${operator} ${parameters.add(String(bound))}::numeric`
      : `(${value} #>> '{}') collate "C" ${operator} ${parameters.add(bound)}::text`,
  );
  // The conditions of `and` are evaluated in any order, those of `case` are not: a text is never taken for a number.
  return `(case jsonb_typeof(${value}) when '${type}' then ${compared.join(" and ")} else false end)`;
}

/** The stored value, or null if there is none. Names lead through objects alone: `#>` would also count the elements of lists. */
function valueAt(path: readonly string[], parameters: Parameters): string {
  if (path.length > limits.metadataDepthMax) return "null::jsonb";
  return `(d.metadata${path.map((name) => ` -> ${parameters.add(name)}::text`).join("")})`;
}

/**
 * What containment looks for: JSON with one value at a path. Below an object a scalar contains nothing but itself; lists and objects
 * also contain their parts, so that those have to be compared as well.
 */
function documentWith(path: readonly string[], value: JsonValue): string {
  return JSON.stringify(path.reduceRight<JsonValue>((inner, name) => ({ [name]: inner }), value));
}

function isScalar(value: JsonValue): boolean {
  return value === null || typeof value !== "object";
}

function allOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "(true)" : `(${conditions.join(" and ")})`;
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "(false)" : `(${conditions.join(" or ")})`;
}

import { toJson } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { type MetadataCondition, Operator } from "#gen/llmemory/v1/document_pb.js";
import type { JsonValue } from "../domain/document.ts";
import type { FieldViolation } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { parseMetadataPath } from "../domain/metadata-path.ts";

/** What is wrong with the path of a condition, and with its value for its operator. */
export function checkCondition(field: string, condition: MetadataCondition): FieldViolation[] {
  const violations: FieldViolation[] = [];
  if (condition.path !== "" && parseMetadataPath(condition.path) === undefined) {
    const description =
      "is not names joined by dots; no name may be empty, and a backslash stands only before a dot or a backslash";
    violations.push({ field: `${field}.path`, rule: "metadata_path.valid", description });
  }
  // Its proto says where a value is required.
  if (!condition.value) return violations;
  const found = findFault(condition.operator, condition.value);
  return found ? [...violations, { field: `${field}.value`, ...found }] : violations;
}

type Fault = Omit<FieldViolation, "field">;

function findFault(operator: Operator, message: Value): Fault | undefined {
  const value = jsonOf(message);
  if (value === undefined) {
    return { rule: "metadata_value.json", description: "is no JSON value: a part of it has no kind, or a number is not finite" };
  }
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > limits.metadataBytesMax) {
    const description = `is ${bytes} bytes of JSON; at most ${limits.metadataBytesMax} are allowed`;
    return { rule: "metadata_value.size", description };
  }
  switch (operator) {
    case Operator.IN:
      return Array.isArray(value) ? countFault("in", value.length) : fault("in", "must be a list of values for OPERATOR_IN");
    case Operator.CONTAINS:
      return Array.isArray(value) ? countFault("contains", value.length) : undefined;
    case Operator.EXISTS:
      return typeof value === "boolean" ? undefined : fault("exists", "must be true, false or absent for OPERATOR_EXISTS");
    case Operator.RANGE:
      return rangeFault(value);
    default:
      return undefined;
  }
}

/** Undefined if it is no JSON value, which the wire format allows: nothing at all, and numbers that are none. */
function jsonOf(value: Value): JsonValue | undefined {
  try {
    return toJson(ValueSchema, value);
  } catch {
    return undefined;
  }
}

function countFault(operator: string, count: number): Fault | undefined {
  if (count >= 1 && count <= limits.filterValuesMax) return undefined;
  return fault(operator, `has ${count} values; it must have 1 to ${limits.filterValuesMax}`);
}

const endNames: readonly string[] = ["gt", "gte", "lt", "lte"];

function rangeFault(range: JsonValue): Fault | undefined {
  if (range === null || typeof range !== "object" || Array.isArray(range)) {
    return fault("range", "must be an object with ends of the range for OPERATOR_RANGE");
  }
  const names = Object.keys(range);
  if (names.length === 0 || names.some((name) => !endNames.includes(name))) {
    return fault("range", "must have one or two of gt, gte, lt and lte, and nothing else");
  }
  const [lowers, uppers] = [names.filter((name) => name.startsWith("g")), names.filter((name) => name.startsWith("l"))];
  if (lowers.length > 1) return fault("range", "has both gt and gte; it must have one of them at most");
  if (uppers.length > 1) return fault("range", "has both lt and lte; it must have one of them at most");
  const ends = Object.values(range);
  const isOfType = (type: string) => ends.every((end) => typeof end === type);
  if (!isOfType("number") && !isOfType("string")) return fault("range", "must have ends that are all numbers or all strings");
  if (ends.length < 2) return undefined;
  const order = compare(range[lowers.join()], range[uppers.join()]);
  if (order > 0) return fault("range", "has a lower end above its upper end");
  if (order === 0 && !(lowers.includes("gte") && uppers.includes("lte")))
    return fault("range", "has ends that nothing lies between");
  return undefined;
}

/** By size, or by code point, which is the order of the bytes of UTF-8. */
function compare(left: JsonValue | undefined, right: JsonValue | undefined): number {
  if (typeof left === "string" && typeof right === "string") return Buffer.compare(Buffer.from(left), Buffer.from(right));
  return Number(left) - Number(right);
}

function fault(operator: string, description: string): Fault {
  return { rule: `metadata_value.${operator}`, description };
}

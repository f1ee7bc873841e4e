import type { Filter, MetadataExpression } from "#gen/llmemory/v1/document_pb.js";
import type { FieldViolation } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { checkCondition } from "./check-condition.ts";

/** What is wrong with the shape of a filter, beyond the rules that its proto declares. */
export function checkFilter(field: string, filter: Filter | undefined): FieldViolation[] {
  if (!filter?.metadata) return [];
  const path = `${field}.metadata`;
  const { depth, conditions, violations } = checkExpression(path, filter.metadata);
  if (depth > limits.metadataExpressionDepthMax) {
    const description = `is ${depth} levels deep; at most ${limits.metadataExpressionDepthMax} are allowed`;
    violations.push({ field: path, rule: "metadata_expression.depth", description });
  }
  if (conditions > limits.metadataExpressionConditionsMax) {
    const description = `has ${conditions} conditions; at most ${limits.metadataExpressionConditionsMax} are allowed`;
    violations.push({ field: path, rule: "metadata_expression.conditions", description });
  }
  return violations;
}

interface Shape {
  readonly depth: number;
  readonly conditions: number;
  readonly violations: FieldViolation[];
}

function checkExpression(field: string, { expression }: MetadataExpression): Shape {
  switch (expression.case) {
    case "condition":
      return { depth: 1, conditions: 1, violations: checkCondition(`${field}.condition`, expression.value) };
    case "not":
      return under([checkExpression(`${field}.not`, expression.value)]);
    case "all":
    case "any": {
      const { expressions } = expression.value;
      return under(
        expressions.map((child, index) => checkExpression(`${field}.${expression.case}.expressions[${index}]`, child)),
      );
    }
    case undefined:
      return under([]);
  }
}

/** The shape of an expression that holds others. */
function under(children: readonly Shape[]): Shape {
  return {
    depth: 1 + Math.max(0, ...children.map(({ depth }) => depth)),
    conditions: children.reduce((sum, { conditions }) => sum + conditions, 0),
    violations: children.flatMap(({ violations }) => violations),
  };
}

import type { JsonValue } from "../domain/document.ts";
import type { DocumentFilter, MetadataExpression } from "../domain/filter.ts";

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

/** SQL conditions over `documents d`, to be joined by `and`; none for an empty filter. Values go into `parameters`. */
export function filterConditions(filter: DocumentFilter, parameters: Parameters): string[] {
  const conditions: string[] = [];
  if (filter.idsAtOrigin?.length) conditions.push(`d.id_at_origin = any(${parameters.add(filter.idsAtOrigin)}::text[])`);
  if (filter.documentIds?.length) conditions.push(`d.document_id = any(${parameters.add(filter.documentIds)}::uuid[])`);
  if (filter.documentTypes?.length) conditions.push(`d.document_type = any(${parameters.add(filter.documentTypes)}::text[])`);
  if (filter.dateFrom) conditions.push(`d.document_date >= ${parameters.add(filter.dateFrom)}::timestamptz`);
  if (filter.dateTo) conditions.push(`d.document_date <= ${parameters.add(filter.dateTo)}::timestamptz`);
  if (filter.metadata) conditions.push(metadataCondition(filter.metadata, parameters));
  return conditions;
}

function metadataCondition(expression: MetadataExpression, parameters: Parameters): string {
  switch (expression.kind) {
    case "all":
      return `(${expression.expressions.map((part) => metadataCondition(part, parameters)).join(" and ")})`;
    case "equal": {
      // Containment is what documents_by_metadata serves, but it also holds where an array or object is only part of the stored one.
      const containing = expression.path.reduceRight<JsonValue>((value, name) => ({ [name]: value }), expression.value);
      const value = parameters.add(JSON.stringify(expression.value));
      return `(d.metadata @> ${parameters.add(JSON.stringify(containing))}::jsonb and d.metadata #> ${parameters.add(expression.path)}::text[] = ${value}::jsonb)`;
    }
  }
}

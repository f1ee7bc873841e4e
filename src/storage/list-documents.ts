import type { StoredDocument } from "../domain/document.ts";
import type { DocumentFilter } from "../domain/filter.ts";
import type { Database } from "./database.ts";
import { type DocumentRow, documentColumns, toStoredDocument } from "./document-rows.ts";
import { allowedCondition, Parameters } from "./filter-sql.ts";

export const documentOrders = ["created_at", "updated_at", "document_name"] as const;
export type DocumentOrder = (typeof documentOrders)[number];

/** Where a page ended: the sort value of its last document, and its id, which breaks ties. */
export interface ListPosition {
  readonly value: string;
  readonly documentId: string;
}

/** Each expression is served by an index of documents of the same name; times are compared in full precision, as text. */
const orderExpressions: Readonly<Record<DocumentOrder, { readonly sql: string; readonly type: string }>> = {
  created_at: { sql: "d.created_at", type: "timestamptz" },
  updated_at: { sql: "d.updated_at", type: "timestamptz" },
  document_name: { sql: `d.document_name collate "C"`, type: "text" },
};

/** Documents of an owner in order, after a position; at most `count`. */
export async function listDocuments(
  database: Database,
  query: {
    ownerId: string;
    filter: DocumentFilter;
    order: DocumentOrder;
    descending: boolean;
    after: ListPosition | undefined;
    count: number;
  },
  signal?: AbortSignal,
): Promise<{ document: StoredDocument; position: ListPosition }[]> {
  const { sql, type } = orderExpressions[query.order];
  const direction = query.descending ? "desc" : "asc";
  const parameters = new Parameters([query.ownerId]);
  const conditions = [allowedCondition(query.filter, parameters)];
  if (query.after) {
    const value = `${parameters.add(query.after.value)}::${type}${type === "text" ? ` collate "C"` : ""}`;
    const id = `${parameters.add(query.after.documentId)}::uuid`;
    conditions.push(`(${sql}, d.document_id) ${query.descending ? "<" : ">"} (${value}, ${id})`);
  }
  const { rows } = await database.query<DocumentRow & { position: string }>(
    "list_documents",
    `select ${documentColumns}, (${sql})::text as position
     from documents d
     where ${conditions.join(" and ")}
     order by ${sql} ${direction}, d.document_id ${direction}
     limit ${parameters.add(query.count)}`,
    parameters.values,
    signal,
  );
  return rows.map((row) => ({ document: toStoredDocument(row), position: { value: row.position, documentId: row.document_id } }));
}

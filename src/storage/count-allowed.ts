import type { DocumentFilter } from "../domain/filter.ts";
import type { Queryable } from "./database.ts";
import { allowedCondition, Parameters } from "./filter-sql.ts";

/** How many chunks of an owner a filter allows, counted up to about `max`: whether there are more is all that is asked. */
export async function countAllowedChunks(
  queryable: Queryable,
  ownerId: string,
  filter: DocumentFilter,
  max: number,
): Promise<number> {
  const parameters = new Parameters([ownerId]);
  const { rows } = await queryable.query<{ count: number }>(
    "count_allowed_chunks",
    // Every document has at least one chunk.
    `select coalesce(sum(chunk_count), 0)::integer as count
     from (select d.chunk_count
           from documents d
           where ${allowedCondition(filter, parameters)}
           limit ${parameters.add(max + 1)}) as allowed`,
    parameters.values,
  );
  return rows[0]?.count ?? 0;
}

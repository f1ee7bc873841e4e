import type { Parameters } from "./filter-sql.ts";

/**
 * Statements that read or write rows by key, so that one plan is right for all owners. Making it took as long as carrying it out, and
 * there are several of them in each search and each group of documents.
 */
const keptStatements: ReadonlySet<string> = new Set([
  // Searches
  "read_search_facts",
  "read_leaves_of_owner",
  "find_nearest_of_owner",
  "read_lexeme_frequencies",
  "compare_with_feedback",
  "load_hits",
  // Documents
  "find_unchanged_documents",
  "make_word_vectors",
  "insert_documents",
  "write_contents",
  "insert_chunks",
  "add_to_counters",
  // Streams of documents
  "open_stream",
  "read_stream_failures",
  "advance_stream",
  "read_oldest_waiting",
  // Embeddings
  "claim_jobs",
  "find_known_vectors",
  "lock_chunks",
  "store_embeddings",
]);

/**
 * Conditions that hold of every row, for a statement over the rows of one owner whose plan is kept. The planner does not see the two
 * parameters and expects few rows between them. Without that it takes every owner for one of average size, which the largest make, finds
 * a plan for any of them dear, and makes one for each search, which takes as long as a third of carrying it out.
 *
 * @param columns of type uuid.
 */
export function everyRow(columns: readonly string[], parameters: Parameters): string {
  const [first, last] = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"].map((id) =>
    parameters.add(id),
  );
  return columns.map((column) => `${column} between ${first}::uuid and ${last}::uuid`).join(" and ");
}

/** Some texts depend on how many words a query has, and on its filter; a connection keeps no more plans than this. */
const textsMax = 64;

const preparedNames = new Map<string, string>();

/** The name under which a connection keeps the plan of a statement; undefined: it is planned each time, for its parameters. */
export function preparedName(name: string, text: string): string | undefined {
  if (!keptStatements.has(name)) return undefined;
  const known = preparedNames.get(text);
  if (known !== undefined || preparedNames.size >= textsMax) return known;
  const next = `${name}_${preparedNames.size}`;
  preparedNames.set(text, next);
  return next;
}

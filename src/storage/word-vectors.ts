/** Which words a row of `document_chunks` holds: those of its text, and where an owner's chunks have context prefixes, of these as well. */

/** All words in one tsvector, a prefix behind its text. Only where phrases need it: putting two together takes microseconds a row. */
export function wordsOf(alias: string, hasContexts: boolean): string {
  return hasContexts ? `(${alias}.search_vector || coalesce(${alias}.context_vector, ''))` : `${alias}.search_vector`;
}

/**
 * Whether the text or the prefix satisfies a tsquery, each by itself; document_chunks_by_lexeme and document_chunks_by_context serve it.
 *
 * @param query a placeholder.
 */
export function matchesWords(alias: string, query: string, hasContexts: boolean): string {
  const inText = `${alias}.search_vector @@ ${query}::tsquery`;
  return hasContexts ? `(${inText} or ${alias}.context_vector @@ ${query}::tsquery)` : inText;
}

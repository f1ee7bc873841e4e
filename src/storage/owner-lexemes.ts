import type { Database, Queryable } from "./database.ts";
import { Parameters } from "./filter-sql.ts";
import { isNotLoading } from "./index-membership.ts";
import { type Corpus, termQuery } from "./search-facts.ts";
import { matchesWords } from "./word-vectors.ts";

/** A corpus whose lexemes are to be counted. */
export interface CorpusKey {
  readonly ownerId: string;
  readonly textConfig: string;
}

/**
 * Reads in how many chunks of a large owner each term of a query occurs: as `countLexemes` counted them last, in proportion to how the
 * corpus has changed since. A corpus that was never counted is counted now, for these terms alone.
 *
 * @returns per corpus, per term.
 */
export async function readLexemeFrequencies(
  queryable: Queryable,
  ownerId: string,
  corpora: readonly Corpus[],
): Promise<number[][]> {
  const terms = corpora.flatMap(({ textConfig, terms }) => terms.map((lexeme) => ({ textConfig, lexeme })));
  if (terms.length === 0) return corpora.map(() => []);
  const { rows } = await queryable.query<{ text_config: string; lexeme: string; chunk_count: number; counted_of: string | null }>(
    "read_lexeme_frequencies",
    // The primary keys of both tables
    `select k.text_config, k.lexeme, coalesce(l.chunk_count, 1) as chunk_count, c.chunk_count as counted_of
     from unnest($2::text[], $3::text[]) as k (text_config, lexeme)
     left join owner_lexemes l on l.owner_id = $1 and l.text_config = k.text_config and l.lexeme = k.lexeme
     left join counted_corpora c on c.owner_id = $1 and c.text_config = k.text_config`,
    [ownerId, terms.map(({ textConfig }) => textConfig), terms.map(({ lexeme }) => lexeme)],
  );
  const counted = new Map(rows.map((row) => [`${row.text_config}\0${row.lexeme}`, row]));
  const uncounted = corpora.filter(({ textConfig, terms: [first] }) => {
    // One that was counted while it was empty tells no proportion.
    return first !== undefined && Number(counted.get(`${textConfig}\0${first}`)?.counted_of ?? 0) === 0;
  });
  const fresh = await countTerms(queryable, ownerId, uncounted);
  return corpora.map(
    (corpus) =>
      fresh.get(corpus) ??
      corpus.terms.map((lexeme) => {
        const row = counted.get(`${corpus.textConfig}\0${lexeme}`);
        return row ? (row.chunk_count * corpus.chunkCount) / Number(row.counted_of) : 0;
      }),
  );
}

async function countTerms(queryable: Queryable, ownerId: string, corpora: readonly Corpus[]): Promise<Map<Corpus, number[]>> {
  const parameters = new Parameters([ownerId]);
  // document_chunks_by_lexeme, document_chunks_by_context: the terms are constants, so that the planner knows how common each is.
  const counts = corpora.flatMap(({ textConfig, terms, hasContexts = false }) =>
    terms.map(
      (lexeme) =>
        `(select count(*)::integer from document_chunks c
          where c.owner_id = $1 and c.chunk_level = 0 and c.text_config = ${parameters.add(textConfig)}
            and ${matchesWords("c", parameters.add(termQuery(lexeme)), hasContexts)})`,
    ),
  );
  if (counts.length === 0) return new Map();
  const { rows } = await queryable.query<{ counts: number[] }>(
    "count_terms",
    `select array[${counts.join(", ")}] as counts`,
    parameters.values,
  );
  let next = 0;
  return new Map(corpora.map((corpus) => [corpus, corpus.terms.map(() => rows[0]?.counts[next++] ?? 0)]));
}

/**
 * Corpora of owners with more than `chunksMax` chunks that were never counted, or have grown or shrunk by a tenth since; so that of another
 * tenth the chunks have context prefixes now, or no longer, counts as much.
 *
 * @param options.ownerIds undefined: of all owners.
 * @param options.loadingAt leaves out owners that are being loaded at this time.
 */
export async function findUncountedCorpora(
  database: Database,
  options: {
    readonly ownerIds?: readonly string[] | undefined;
    readonly chunksMax: number;
    readonly count: number;
    readonly loadingAt?: Date;
  },
  signal?: AbortSignal,
): Promise<CorpusKey[]> {
  const { rows } = await database.query<{ owner_id: string; text_config: string }>(
    "find_uncounted_corpora",
    `select s.owner_id, s.text_config
     from (select owner_id, text_config, sum(chunk_count) as chunk_count, sum(context_count) as context_count,
                  sum(sum(chunk_count)) over (partition by owner_id) as owner_chunks
           from owner_counters
           where $1::text[] is null or owner_id = any($1)
           group by owner_id, text_config) as s
     left join counted_corpora c using (owner_id, text_config)
     where s.owner_chunks > $2 and s.chunk_count > 0
       and (c.chunk_count is null
         or greatest(abs(s.chunk_count - c.chunk_count), abs(s.context_count - c.context_count)) * 10 > c.chunk_count)
       and ${isNotLoading("s", "$4")}
     order by s.owner_id, s.text_config
     limit $3`,
    [options.ownerIds ?? null, options.chunksMax, options.count, options.loadingAt ?? null],
    signal,
  );
  return rows.map((row) => ({ ownerId: row.owner_id, textConfig: row.text_config }));
}

/** Counts the lexemes of a corpus anew: about 12 µs a chunk, in one transaction, so that searches see all the old counts or all the new. */
export async function countLexemes(database: Database, { ownerId, textConfig }: CorpusKey, signal?: AbortSignal): Promise<void> {
  await database.transaction(
    async (transaction) => {
      // Two that count the same corpus take turns.
      await transaction.query(
        "begin_counting",
        `insert into counted_corpora (owner_id, text_config, chunk_count, context_count)
         select $1, $2, count(*), count(context_prefix) from document_chunks where owner_id = $1 and chunk_level = 0 and text_config = $2
         on conflict (owner_id, text_config) do update
         set chunk_count = excluded.chunk_count, context_count = excluded.context_count`,
        [ownerId, textConfig],
      );
      await transaction.query("delete_lexemes", "delete from owner_lexemes where owner_id = $1 and text_config = $2", [
        ownerId,
        textConfig,
      ]);
      await transaction.query(
        "count_lexemes",
        // ts_stat takes a statement as text.
        `insert into owner_lexemes (owner_id, text_config, lexeme, chunk_count)
         select $1, $2, word, ndoc
         from ts_stat(format('select coalesce(search_vector || context_vector, search_vector) from document_chunks where owner_id = %L and chunk_level = 0 and text_config = %L', $1::text, $2::text))`,
        [ownerId, textConfig],
      );
    },
    { signal },
  );
}

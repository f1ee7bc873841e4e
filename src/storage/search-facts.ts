import { defaultIndexProfile, type IndexProfile } from "../domain/index-profile.ts";
import { limits } from "../domain/limits.ts";
import type { Queryable } from "./database.ts";
import { indexText } from "./index-text.ts";

/** What a search asks of the words: see `parseQuery`. */
export interface WordQuery {
  readonly words: string;
  readonly phrases: readonly (readonly string[])[];
  readonly excluded: readonly string[];
}

/** The owner's chunks of one text search configuration, and the query as that configuration reads it. */
export interface Corpus {
  readonly textConfig: string;
  /** Leaves. */
  readonly chunkCount: number;
  /** Tokens of all leaves. */
  readonly tokenCount: number;
  /** Whether leaves have context prefixes, whose words count, too. Default: no. */
  readonly hasContexts?: boolean;
  /** The lexemes of the query's words, none twice. */
  readonly terms: readonly string[];
  /** A tsquery that a chunk has to satisfy to be found by its words; undefined: no phrase is asked for. */
  readonly required: string | undefined;
  /** A tsquery that no result may satisfy; undefined: nothing is excluded. */
  readonly excluded: string | undefined;
}

/** A lexeme as a tsquery that looks for it and nothing else. */
export function termQuery(lexeme: string): string {
  return `'${lexeme.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** What a search has to know of an owner before it can be planned. */
export interface SearchFacts {
  /** Most chunks first. */
  readonly corpora: readonly Corpus[];
  /** Whether the owner's chunks are of more configurations than a query is parsed for, or the query has more words than are looked up. */
  readonly isCut: boolean;
  /** Leaves of the owner. */
  readonly chunkCount: number;
  /** Those of them whose documents have expired and are not erased yet; a search that meets any takes a filter against them with it. */
  readonly expiredChunks: number;
  /** Moves with each commit that changes what the owner has, vectors included. */
  readonly writes: bigint;
  /** Moves with whatever changes the owner's answers: writes, and documents that expire. */
  readonly version: bigint;
  /** Whether some of the owner's chunks have no vector yet. */
  readonly hasPendingEmbeddings: boolean;
  /** What the approximate index was built for last; another process may have rebuilt it. */
  readonly indexProfile: IndexProfile;
  /** The model whose vectors are to be searched, which another process may have changed; undefined: the owner has nothing. */
  readonly activeModelId: string | undefined;
}

interface FactsRow {
  text_config: string;
  chunk_count: string;
  token_count: string;
  has_contexts: boolean;
  version: string;
  expired_documents: number;
  expired_chunks: number;
  has_pending: boolean;
  index_profile: IndexProfile | null;
  active_model: string;
  /** A tsvector as text. */
  terms: string | null;
  phrases: string[] | null;
  excluded: string[] | null;
}

/** A version is that of the owner's writes, then the number of documents that have expired since, which is far below 2 to the power of this. */
const expiredBits = 32n;

/**
 * Reads the facts of an owner at a time and parses the query for each configuration of its chunks, in one statement.
 *
 * @param textConfig the only configuration to parse for; undefined: all that the owner's chunks have.
 */
export async function readSearchFacts(
  queryable: Queryable,
  owner: { readonly ownerId: string; readonly modelId: string; readonly now: Date },
  query: WordQuery,
  textConfig: string | undefined,
  signal?: AbortSignal,
): Promise<SearchFacts> {
  const phrases = query.phrases.flat().map((phrase) => indexText(phrase, "query"));
  const { rows } = await queryable.query<FactsRow>(
    "read_search_facts",
    // The primary keys of owner_counters, embedding_jobs and embedding_models; documents_of_owner_by_expiry. With a lower bound the planner
    // expects few documents whatever the owner, and the plan is kept: see `everyRow`.
    `select c.*, x.*,
            exists (select from embedding_jobs j where j.owner_id = $1 and j.model_id = $2) as has_pending,
            (select m.index_profile from embedding_models m where m.model_id = $2) as index_profile,
            (select m.model_id from embedding_models m where m.state = 'active') as active_model,
            case when c.chunk_count > 0 then to_tsvector(c.text_config::regconfig, $3)::text end as terms,
            (select array_agg(phraseto_tsquery(c.text_config::regconfig, p)::text order by n)
             from unnest($4::text[]) with ordinality as p (p, n)
             where c.chunk_count > 0) as phrases,
            (select array_agg(phraseto_tsquery(c.text_config::regconfig, p)::text)
             from unnest($5::text[]) as p
             where c.chunk_count > 0) as excluded
     from (select text_config, sum(chunk_count) as chunk_count, sum(token_count) as token_count, sum(version) as version,
                  sum(context_count) > 0 as has_contexts
           from owner_counters
           where owner_id = $1
           group by text_config) as c,
          (select count(*)::integer as expired_documents, coalesce(sum(chunk_count), 0)::integer as expired_chunks
           from documents
           where owner_id = $1 and expires_at > '-infinity' and expires_at <= $6) as x`,
    [
      owner.ownerId,
      owner.modelId,
      indexText(query.words, "query"),
      phrases,
      query.excluded.map((text) => indexText(text, "query")),
      owner.now,
    ],
    signal,
  );
  const corpora = rows
    .map((row) => toCorpus(row, query))
    .filter((corpus) => corpus.chunkCount > 0)
    .sort((left, right) => right.chunkCount - left.chunkCount || (left.textConfig < right.textConfig ? -1 : 1));
  const parsed = corpora
    .filter((corpus) => textConfig === undefined || corpus.textConfig === textConfig)
    .slice(0, limits.queryLanguagesMax);
  // What is excluded is excluded in every language.
  const others = query.excluded.length === 0 ? [] : corpora.filter((corpus) => !parsed.includes(corpus));
  const isCut =
    (textConfig === undefined && parsed.length < corpora.length) ||
    parsed.some(({ terms }) => terms.length > limits.queryTermsMax);
  const writes = rows.reduce((sum, row) => sum + BigInt(row.version), 0n);
  return {
    corpora: [
      ...parsed.map((corpus) => ({ ...corpus, terms: corpus.terms.slice(0, limits.queryTermsMax) })),
      ...others.map((corpus) => ({ ...corpus, terms: [], required: undefined })),
    ],
    isCut,
    chunkCount: corpora.reduce((sum, corpus) => sum + corpus.chunkCount, 0),
    expiredChunks: rows[0]?.expired_chunks ?? 0,
    writes,
    version: (writes << expiredBits) + BigInt(rows[0]?.expired_documents ?? 0),
    hasPendingEmbeddings: rows[0]?.has_pending ?? false,
    indexProfile: rows[0]?.index_profile ?? defaultIndexProfile,
    activeModelId: rows[0]?.active_model,
  };
}

function toCorpus(row: FactsRow, query: WordQuery): Corpus {
  // A phrase of nothing but stop words is an empty tsquery, which says nothing.
  const phrases = row.phrases ?? [];
  let next = 0;
  const groups = query.phrases
    .map((group) => group.map(() => phrases[next++] ?? "").filter((phrase) => phrase !== ""))
    .filter((group) => group.length > 0);
  const excluded = (row.excluded ?? []).filter((text) => text !== "");
  return {
    textConfig: row.text_config,
    chunkCount: Number(row.chunk_count),
    tokenCount: Number(row.token_count),
    hasContexts: row.has_contexts,
    terms: row.terms === null ? [] : lexemesInOrder(row.terms),
    required: groups.length === 0 ? undefined : groups.map((group) => `(${group.join(" | ")})`).join(" & "),
    excluded: excluded.length === 0 ? undefined : excluded.map((text) => `(${text})`).join(" | "),
  };
}

/**
 * The lexemes of a tsvector in the order of the text they come from. Taken apart here, since to have the database do it for the
 * configurations of one search took as long as all else that the statement does.
 *
 * @param tsvector as text, with positions: `'cat':2 'it''s':1,3`.
 */
function lexemesInOrder(tsvector: string): readonly string[] {
  const lexemes = [...tsvector.matchAll(/'((?:''|\\\\|[^'\\])*)':(\d+)/g)];
  return lexemes
    .map(([, lexeme = "", position]) => ({ lexeme: lexeme.replaceAll(/(['\\])\1/g, "$1"), position: Number(position) }))
    .sort((left, right) => left.position - right.position)
    .map(({ lexeme }) => lexeme);
}

import { Client } from "pg";
import type { EmbeddingTable } from "../../src/storage/embedding-models.ts";
import { schema } from "./corpus-database.ts";

/** What a careful user would write by hand against the same tables, through the same driver: the limit beside which searches are measured. */
export class BareStatements {
  readonly #client: Client;
  readonly #table: EmbeddingTable;

  constructor(client: Client, table: EmbeddingTable) {
    this.#client = client;
    this.#table = table;
  }

  static async open(databaseUrl: string, table: EmbeddingTable): Promise<BareStatements> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(`set search_path to ${schema}, public`);
    return new BareStatements(client, table);
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  async selectOne(): Promise<number> {
    return await timed(() => this.#client.query("select 1"));
  }

  /** The ten nearest by the approximate index, in a transaction for its settings. */
  async approximate(ownerId: string, vector: Float32Array, efSearch: number): Promise<number> {
    return await timed(() => this.#findApproximately(ownerId, vector, efSearch));
  }

  /** Which share of the ten nearest it finds. */
  async recall(ownerId: string, vectors: readonly Float32Array[], efSearch: number): Promise<number> {
    let found = 0;
    for (const vector of vectors) {
      const nearest = await this.#client.query<{ chunk_id: string }>(this.#nearest("", "+ 0"), [ownerId, textOf(vector)]);
      const ids = new Set(nearest.rows.map((row) => row.chunk_id));
      found += (await this.#findApproximately(ownerId, vector, efSearch)).filter((id) => ids.has(id)).length / ids.size;
    }
    return found / vectors.length;
  }

  async #findApproximately(ownerId: string, vector: Float32Array, efSearch: number): Promise<string[]> {
    await this.#client.query(
      `begin; set local hnsw.ef_search to ${efSearch}; set local hnsw.iterative_scan to relaxed_order; set local enable_seqscan to off`,
    );
    const { rows } = await this.#client.query<{ chunk_id: string }>(this.#nearest("and indexed"), [ownerId, textOf(vector)]);
    await this.#client.query("commit");
    return rows.map((row) => row.chunk_id);
  }

  /** The ten nearest of all that the owner has, compared one by one. */
  async exact(ownerId: string, vector: Float32Array): Promise<number> {
    return await timed(() => this.#client.query(this.#nearest(""), [ownerId, textOf(vector)]));
  }

  /** The same with the texts and the names of their documents, as a search returns them. */
  async exactWithTexts(ownerId: string, vector: Float32Array): Promise<number> {
    return await timed(() => this.#client.query(withTexts(this.#nearest(""), "n.distance"), [ownerId, textOf(vector)]));
  }

  /** The ten best of all that the owner has by their words, with texts. */
  async wordsWithTexts(ownerId: string, words: string): Promise<number> {
    const best = `select chunk_id, rank from (${rankedByWords("$2", 10)}) as w`;
    return await timed(() => this.#client.query(withTexts(best, "n.rank desc"), [ownerId, words]));
  }

  /** The ten best of both sides by their reciprocal ranks, as pgvector's documentation shows it, with texts. */
  async hybridWithTexts(ownerId: string, vector: Float32Array, words: string): Promise<number> {
    const best = `
      select chunk_id, coalesce(1.0 / (60 + v.place), 0) + coalesce(1.0 / (60 + w.place), 0) as score
      from (select chunk_id, row_number() over (order by distance) as place from (${this.#nearest("", "", 100)}) as n) as v
      full join (select chunk_id, row_number() over (order by rank desc) as place from (${rankedByWords("$3", 100)}) as r) as w
        using (chunk_id)
      order by score desc limit 10`;
    return await timed(() => this.#client.query(withTexts(best, "n.score desc"), [ownerId, textOf(vector), words]));
  }

  /** How the statements are carried out, as `EXPLAIN` names it. */
  async explain(ownerId: string, vector: Float32Array, kind: "approximate" | "exact"): Promise<string> {
    await this.#client.query("begin; set local hnsw.ef_search to 100; set local hnsw.iterative_scan to relaxed_order");
    const { rows } = await this.#client.query<{ "QUERY PLAN": string }>(
      `explain ${this.#nearest(kind === "approximate" ? "and indexed" : "")}`,
      [ownerId, textOf(vector)],
    );
    await this.#client.query("commit");
    return rows.map((row) => row["QUERY PLAN"]).join("\n");
  }

  /** @param sum `+ 0` keeps the approximate index from being used. */
  #nearest(which: string, sum = "", limit = 10): string {
    const { tableName, vectorType, dimension } = this.#table;
    const distance = `(embedding <=> $2::${vectorType}(${dimension})) ${sum}`;
    return `select chunk_id, ${distance} as distance from ${tableName} where owner_id = $1 ${which} order by ${distance} limit ${limit}`;
  }
}

/**
 * What any of the words of a query finds among all chunks of the owner, by PostgreSQL's own rank. `offset 0` keeps the planner from
 * looking the words up in the chunks of all owners first, which took three times as long.
 */
function rankedByWords(words: string, limit: number): string {
  return `select chunk_id, ts_rank_cd(search_vector, query) as rank
          from (select chunk_id, search_vector from document_chunks where owner_id = $1 and chunk_level = 0 offset 0) as own,
               cast(replace(plainto_tsquery('english', ${words})::text, '&', '|') as tsquery) as query
          where search_vector @@ query
          order by rank desc limit ${limit}`;
}

/** What a search result shows of the chunks that a statement finds. */
function withTexts(found: string, order: string): string {
  return `select n.*, c.document_id, c.content, c.metadata, c.chunk_index, c.char_start, c.char_end,
                 d.id_at_origin, d.document_name, d.document_type, d.document_date, d.metadata as document_metadata
          from (${found}) as n
          join document_chunks c on c.owner_id = $1 and c.chunk_id = n.chunk_id
          join documents d on d.owner_id = $1 and d.document_id = c.document_id
          order by ${order}`;
}

/** As pgvector's client libraries write vectors. */
function textOf(vector: Float32Array): string {
  return `[${Array.from(vector).join(",")}]`;
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

/** What is known of an embedding model by its name, from its publisher's own description. */
export interface KnownModel {
  readonly dimension: number;
  /** Tokens that it reads of one text, prefix and special tokens included. */
  readonly inputTokensMax: number;
  readonly documentPrefix: string;
  readonly queryPrefix: string;
  /** Whether the endpoint takes `dimensions` and answers with shorter vectors. */
  readonly canShorten: boolean;
}

type Facts = Pick<KnownModel, "dimension" | "inputTokensMax"> & Partial<KnownModel>;

const bgeQuery = "Represent this sentence for searching relevant passages: ";
const e5 = { inputTokensMax: 512, documentPrefix: "passage: ", queryPrefix: "query: " };
const bge = { inputTokensMax: 512, queryPrefix: bgeQuery };
const retrievalTask = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:";
// It takes 8,192, but was trained with 2,048, which is also what Ollama gives it.
const nomic = { dimension: 768, inputTokensMax: 2_048, documentPrefix: "search_document: ", queryPrefix: "search_query: " };

/** By name in lower case, without the publisher before a slash. Models with a tag that changes their size are listed with it. */
const factsByName: Readonly<Record<string, Facts>> = {
  "text-embedding-3-small": { dimension: 1_536, inputTokensMax: 8_191, canShorten: true },
  "text-embedding-3-large": { dimension: 3_072, inputTokensMax: 8_191, canShorten: true },
  "text-embedding-ada-002": { dimension: 1_536, inputTokensMax: 8_191 },

  "bge-m3": { dimension: 1_024, inputTokensMax: 8_192 },
  "bge-small-en-v1.5": { dimension: 384, ...bge },
  "bge-base-en-v1.5": { dimension: 768, ...bge },
  "bge-large-en-v1.5": { dimension: 1_024, ...bge },
  "mxbai-embed-large-v1": { dimension: 1_024, ...bge },
  "mxbai-embed-large": { dimension: 1_024, ...bge },

  "e5-small-v2": { dimension: 384, ...e5 },
  "e5-base-v2": { dimension: 768, ...e5 },
  "e5-large-v2": { dimension: 1_024, ...e5 },
  "multilingual-e5-small": { dimension: 384, ...e5 },
  "multilingual-e5-base": { dimension: 768, ...e5 },
  "multilingual-e5-large": { dimension: 1_024, ...e5 },
  "multilingual-e5-large-instruct": { dimension: 1_024, inputTokensMax: 512, queryPrefix: `${retrievalTask} ` },

  "nomic-embed-text": nomic,
  "nomic-embed-text-v1": nomic,
  "nomic-embed-text-v1.5": nomic,

  "gte-small": { dimension: 384, inputTokensMax: 512 },
  "gte-base": { dimension: 768, inputTokensMax: 512 },
  "gte-large": { dimension: 1_024, inputTokensMax: 512 },
  "all-minilm-l6-v2": { dimension: 384, inputTokensMax: 256 },
  "all-minilm": { dimension: 384, inputTokensMax: 256 },
  "all-mpnet-base-v2": { dimension: 768, inputTokensMax: 384 },
  "jina-embeddings-v2-base-en": { dimension: 768, inputTokensMax: 8_192 },
  "snowflake-arctic-embed-l-v2.0": { dimension: 1_024, inputTokensMax: 8_192, queryPrefix: "query: " },
  embeddinggemma: {
    dimension: 768,
    inputTokensMax: 2_048,
    documentPrefix: "title: none | text: ",
    queryPrefix: "task: search result | query: ",
  },
  "embeddinggemma-300m": {
    dimension: 768,
    inputTokensMax: 2_048,
    documentPrefix: "title: none | text: ",
    queryPrefix: "task: search result | query: ",
  },
  "qwen3-embedding-0.6b": { dimension: 1_024, inputTokensMax: 32_768, queryPrefix: retrievalTask },
  "qwen3-embedding:0.6b": { dimension: 1_024, inputTokensMax: 32_768, queryPrefix: retrievalTask },
  "qwen3-embedding-4b": { dimension: 2_560, inputTokensMax: 32_768, queryPrefix: retrievalTask },
  "qwen3-embedding:4b": { dimension: 2_560, inputTokensMax: 32_768, queryPrefix: retrievalTask },
};

const knownModels = new Map(Object.entries(factsByName));

/**
 * Looks a model up by the name that an endpoint gives it: `BAAI/bge-m3` and `bge-m3:latest` are `bge-m3`.
 *
 * @returns undefined for a model that is not known; what it is then has to be told.
 */
export function knownModel(name: string): KnownModel | undefined {
  const base = name.toLowerCase().replace(/^.*\//, "");
  const facts = knownModels.get(base) ?? knownModels.get(base.replace(/:.*$/, ""));
  return facts && { documentPrefix: "", queryPrefix: "", canShorten: false, ...facts };
}

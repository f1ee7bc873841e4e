import { trueOrFalse } from "./setting-parsers.ts";
import { variablePrefixes } from "./setting-variables.ts";
import type { Settings } from "./settings.ts";

/** A variable of the library before, without its prefix, that has another name here, or none. */
export type FormerVariable =
  | {
      readonly setting: keyof Settings;
      /** From the text that it held to that of the setting; throws an Error that says what is allowed. */
      readonly translate?: (text: string) => string;
    }
  | {
      /** What to do instead. */
      readonly advice: string;
    };

/** By name. Those that mean the same under the same name are settings like all others. */
export const formerVariables: Readonly<Record<string, FormerVariable>> = {
  OPENAI_MODEL: { setting: "embeddingModel" },
  LOCAL_CACHE_DIR: { setting: "modelDirectory" },
  DISABLE_METRICS: { setting: "enableMonitoring", translate: (text) => String(!trueOrFalse(text)) },
  ENABLE_CHUNK_SUMMARIES: {
    setting: "chunkSummaries",
    translate: (text) => (trueOrFalse(text) ? "extractive" : "none"),
  },
  ENABLE_RERANK: { setting: "rerank", translate: (text) => (trueOrFalse(text) ? "lexical" : "none") },
  RERANK_RETURN_K: { setting: "searchLimit" },
  ENABLE_QUERY_EXPANSION: { setting: "queryExpansion", translate: (text) => (trueOrFalse(text) ? "heuristic" : "none") },
  HNSW_PROFILE: { setting: "indexProfile" },
  SLOW_QUERY_THRESHOLD: { setting: "slowQueryMs", translate: millisecondsOf },
  DISABLE_CACHING: { advice: "set LLMEMORY_QUERY_CACHE_MB=0 and LLMEMORY_RESULT_CACHE_MB=0" },
  EMBEDDING_PROVIDERS: { advice: 'set LLMEMORY_EMBEDDING_PROVIDER; "llmemory model start" adds another model' },
  LOCAL_MODEL: { advice: "put the model's files into LLMEMORY_MODEL_DIR; nothing is downloaded" },
  LOCAL_DEVICE: {
    advice: "local models run on the CPU; for a GPU, set LLMEMORY_EMBEDDING_PROVIDER=openai and the address of a server",
  },
  RERANK_DEVICE: { advice: "cross-encoders run on the CPU" },
  RERANK_MODEL: { advice: "put the model's files into LLMEMORY_CROSS_ENCODER_DIR, and set LLMEMORY_RERANK=cross_encoder" },
  RERANK_BATCH_SIZE: { advice: "it is chosen by the service" },
  RERANK_PROVIDER: { advice: "set LLMEMORY_RERANK" },
  QUERY_EXPANSION_MODEL: { advice: "set LLMEMORY_CHAT_MODEL and LLMEMORY_CHAT_BASE_URL" },
  DEFAULT_SEARCH_TYPE: { advice: "say search_type in each search" },
  RRF_K: { advice: "it is fixed; say fusion in each search" },
  MAX_CHUNK_SIZE: { advice: "say chunking in each document" },
  DB_MIN_POOL_SIZE: { advice: "connections are opened when they are needed; LLMEMORY_DB_MAX_POOL_SIZE bounds them" },
};

function millisecondsOf(seconds: string): string {
  if (!/^\d*\.?\d+$/.test(seconds)) throw new Error(`is "${seconds}"; it must be a number of seconds, such as 1.0`);
  return String(Math.round(Number(seconds) * 1_000));
}

/** A setting that a former variable gave, with the text that it holds here. */
export interface FormerValue {
  readonly variable: string;
  /** Throws an Error that says what is allowed. */
  readonly text: () => string;
}

/** The value of a setting that came by a former name; undefined: none did. */
export function formerValueOf(
  setting: keyof Settings,
  environment: Readonly<Record<string, string | undefined>>,
): FormerValue | undefined {
  for (const [name, former] of Object.entries(formerVariables)) {
    if (!("setting" in former) || former.setting !== setting) continue;
    for (const prefix of variablePrefixes) {
      const text = environment[prefix + name];
      if (text) return { variable: prefix + name, text: () => former.translate?.(text) ?? text };
    }
  }
  return undefined;
}

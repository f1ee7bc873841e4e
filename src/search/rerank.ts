import { limits } from "../domain/limits.ts";
import type { Rerank } from "../domain/search-options.ts";
import { withinTime } from "../endpoint/model-call.ts";
import { chatScores } from "./chat-rerank.ts";
import { lexicalScores, type Passage } from "./lexical-scores.ts";
import { parseQuery } from "./parse-query.ts";
import { askSearchModel, type SearchModelDeps } from "./search-models.ts";

export interface RerankQuery {
  readonly queryText: string;
  readonly mode: Exclude<Rerank, "none">;
  readonly passages: readonly Passage[];
}

export interface Reranking {
  /** One per passage, in their order: 0, of no help, to 1. */
  readonly scores: readonly number[];
  /** Whether a model was asked for and the lexical scores had to do. */
  readonly degraded: boolean;
}

/**
 * Scores passages by how well they answer a query. The order that follows from it is the caller's to make; equal scores should keep the
 * order that the passages had.
 *
 * @throws the domain error of `signal` if that one aborts; nothing else.
 */
export async function rerank(deps: SearchModelDeps, query: RerankQuery, signal: AbortSignal): Promise<Reranking> {
  const { passages, mode } = query;
  if (passages.length === 0) return { scores: [], degraded: false };
  const { words } = parseQuery(query.queryText);
  const scores = mode === "lexical" ? undefined : await askModel(deps, { words, passages, mode }, signal);
  return { scores: scores ?? (await lexicalScores(words, passages)), degraded: mode !== "lexical" && scores === undefined };
}

interface ModelQuery {
  readonly words: string;
  readonly passages: readonly Passage[];
  readonly mode: "model" | "cross_encoder";
}

/** Undefined if there is no such model, or it was of no help. */
async function askModel(deps: SearchModelDeps, query: ModelQuery, signal: AbortSignal): Promise<readonly number[] | undefined> {
  const { chat, crossEncoder } = deps.searchModels;
  const model = query.mode === "model" ? chat : crossEncoder;
  if (model === undefined) return undefined;
  return await askSearchModel(deps, { task: "rerank", model: model.name }, () =>
    withinTime({ timeoutMs: limits.rerankTimeoutMs, signal }, (inTime) =>
      "answer" in model
        ? chatScores(model, query, inTime)
        : model.score(
            query.words,
            query.passages.map(({ content }) => content),
            inTime,
          ),
    ),
  );
}

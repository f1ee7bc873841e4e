import { type EmbeddingModel, EmbeddingModelState, type ModelComparison } from "#gen/llmemory/v1/embedding_model_pb.js";
import type { OutputStream } from "../command-context.ts";
import { formatTimestamp } from "./quantities.ts";
import { cell, renderTable } from "./table.ts";

/** The state as the command line writes it, such as `ready`. */
export function modelStateName(state: EmbeddingModelState): string {
  return (EmbeddingModelState[state] ?? String(state)).toLowerCase();
}

/** Models in the order of the list. */
export function renderModels(stream: OutputStream, models: readonly EmbeddingModel[]): string {
  const columns = [
    { head: "model" },
    { head: "state" },
    { head: "dimension", align: "right" },
    { head: "chunks", align: "right" },
    { head: "done", align: "right" },
    { head: "waiting", align: "right" },
    { head: "failed", align: "right" },
    { head: "since (UTC)" },
    { head: "table" },
  ] as const;
  const number = (value: bigint) => value.toLocaleString("en-US");
  const rows = models.map((model) => [
    cell(model.modelId),
    modelStateName(model.state),
    String(model.dimension),
    number(model.chunksTotal),
    number(model.chunksDone),
    number(model.chunksWaiting),
    number(model.chunksDead),
    formatTimestamp(model.stateChangedAt),
    cell(model.tableName),
  ]);
  return renderTable(stream, columns, rows);
}

/** What a comparison says, a fact per line. */
export function renderComparison(comparison: ModelComparison): string {
  const { queryCount, historyQueryCount } = comparison;
  if (queryCount === 0) return "Nothing is stored that could be compared.";
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  return [
    `compared with            ${cell(comparison.comparedWith)}`,
    `queries                  ${queryCount} (${historyQueryCount} from the search history, ${queryCount - historyQueryCount} from chunks)`,
    `same among the nearest   ${percent(comparison.overlapAt10)} of ten on average, ${percent(comparison.overlapAt10Min)} at least`,
    `same chunk first         ${percent(comparison.sameFirst)} of the queries`,
  ].join("\n");
}

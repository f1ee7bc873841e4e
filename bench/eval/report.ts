import type { OutputStream } from "../../src/cli/command-context.ts";
import { count, formatMilliseconds } from "../../src/cli/format/quantities.ts";
import { renderTable } from "../../src/cli/format/table.ts";
import { quantile } from "../machine.ts";
import { type AnsweredQuery, rankedCount } from "./ask-queries.ts";
import type { EvaluatedVariant, Evaluation } from "./evaluate.ts";
import { ndcg, recall } from "./metrics.ts";

/** What was measured and under which conditions. */
export interface Report {
  readonly dataset: string;
  /** Beginning with `- `, one per line. */
  readonly conditions: string;
  readonly evaluation: Evaluation;
}

/** For people at a terminal. */
export function renderReport({ conditions, evaluation }: Report, stream: OutputStream): string {
  const { head, rows } = scoreTable(evaluation.variants);
  const columns = head.map((text, index) => ({ head: text, align: index === 0 ? ("left" as const) : ("right" as const) }));
  return `${renderTable(stream, columns, rows)}\n\n${conditions}\n${describeRun(evaluation)}\n`;
}

/** For `bench/results`. */
export function reportMarkdown({ dataset, conditions, evaluation }: Report): string {
  const { head, rows } = scoreTable(evaluation.variants);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = [line(head), `|---${"|--:".repeat(head.length - 1)}|`, ...rows.map(line)].join("\n");
  const title = `# Quality of retrieval: ${dataset}\n\nMade by \`npm run eval -- ${dataset}\`.\n`;
  return `${title}\n${conditions}\n${describeRun(evaluation)}\n\n${table}\n`;
}

/** For programs: with the ranking of every query, so that other measures can be taken. */
export function reportJson({ dataset, conditions, evaluation }: Report) {
  const { variants, ...run } = evaluation;
  return {
    dataset,
    conditions: conditions.split("\n").map((line) => line.replace(/^- /, "")),
    ...run,
    variants: variants.map(({ name, answers }) => ({
      name,
      ...meanScores(answers),
      waitedMsP50: waited(answers, 0.5),
      waitedMsP95: waited(answers, 0.95),
      queries: answers.map(({ query, ranked }) => ({ id: query.id, ...scoresOf(ranked, query.grades), ranked })),
    })),
  };
}

interface Scores {
  readonly ndcg: number;
  readonly recall: number;
}

function scoresOf(ranked: readonly string[], grades: ReadonlyMap<string, number>): Scores {
  return { ndcg: ndcg(ranked, grades, rankedCount), recall: recall(ranked, grades, rankedCount) };
}

/** Each query counts the same, however many its collection has. */
function meanScores(answers: readonly AnsweredQuery[]): Scores {
  const scores = answers.map(({ query, ranked }) => scoresOf(ranked, query.grades));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { ndcg: mean(scores.map((score) => score.ndcg)), recall: mean(scores.map((score) => score.recall)) };
}

/** A row for all queries, then one per collection and per category where there are several. */
function scoreTable(variants: readonly EvaluatedVariant[]): { readonly head: string[]; readonly rows: string[][] } {
  const answers = variants[0]?.answers ?? [];
  const groups: { readonly name: string; readonly holds: (answer: AnsweredQuery) => boolean }[] = [
    { name: "all", holds: () => true },
  ];
  const collections = distinct(answers.map(({ collectionName }) => collectionName));
  const categories = distinct(answers.flatMap(({ query }) => query.category ?? []));
  if (collections.length > 1)
    groups.push(...collections.map((name) => ({ name, holds: (answer: AnsweredQuery) => answer.collectionName === name })));
  if (categories.length > 1)
    groups.push(
      ...categories.map((name) => ({
        name: `category ${name}`,
        holds: (answer: AnsweredQuery) => answer.query.category === name,
      })),
    );
  const rows = groups.map(({ name, holds }) => [
    name,
    String(answers.filter(holds).length),
    ...variants.flatMap((variant) => {
      const scores = meanScores(variant.answers.filter(holds));
      return [scores.ndcg.toFixed(3), scores.recall.toFixed(3)];
    }),
  ]);
  const measures = variants.flatMap(({ name }) => [`${name} nDCG@${rankedCount}`, `${name} recall@${rankedCount}`]);
  return { head: ["questions", "count", ...measures], rows };
}

function describeRun({ documentCount, chunkCount, embeddedBeforeCount, storedMs, searchedMs, variants }: Evaluation): string {
  const answers = variants.flatMap((variant) => variant.answers);
  const models = distinct(answers.flatMap(({ model }) => (model === "" ? [] : [model])));
  const waits = variants.map(
    (variant) =>
      `${variant.name} p50 ${waited(variant.answers, 0.5).toFixed(1)}, p95 ${waited(variant.answers, 0.95).toFixed(1)}`,
  );
  const truncated = answers.filter((answer) => answer.truncated).length;
  return [
    `- embedding model: ${models.join(", ") || "none was used"}`,
    `- stored: ${count(documentCount, "document")}, ${count(chunkCount, "chunk")}, ${embeddedBeforeCount} embedded before, the others in ${formatMilliseconds(storedMs)}`,
    `- asked: ${count(answers.length, "search", "searches")} one after the other in ${formatMilliseconds(searchedMs)}; the client waits (ms): ${waits.join("; ")}`,
    ...(truncated > 0 ? [`- ${count(truncated, "search", "searches")} may have left out chunks before ranking (truncated)`] : []),
  ].join("\n");
}

function waited(answers: readonly AnsweredQuery[], share: number): number {
  return quantile(
    answers.map(({ waitedMs }) => waitedMs),
    share,
  );
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].toSorted();
}

import { pino } from "pino";
import { type ChatModel, openChatModel } from "../../src/endpoint/chat-model.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import type { SearchModelDeps, SearchModels } from "../../src/search/search-models.ts";

/** Long enough for a loopback server on a busy machine, short enough to wait for. */
const timeoutMs = 700;

export const apiKey = "sk-test-tarragon";

export function openTestChatModel(baseUrl: string): Promise<ChatModel> {
  return openChatModel({ baseUrl, model: "test-model", apiKey, timeoutMs });
}

/** What a search asks models with, and the log it writes. */
export function searchModelDeps(searchModels: SearchModels): SearchModelDeps & { readonly logLines: string[] } {
  const logLines: string[] = [];
  const logger = pino({ level: "trace" }, { write: (line: string) => logLines.push(line) });
  return { searchModels, metrics: createMetrics({ ownerLabels: true, version: "test" }), logger, logLines };
}

/** The sum of a counter over its labels, or of the observations of a histogram. */
export async function countOf(metric: {
  get(): Promise<{ values: readonly { value: number; metricName?: string }[] }>;
}): Promise<number> {
  const { values } = await metric.get();
  const counted = values.filter(({ metricName }) => metricName === undefined || !/_(sum|bucket)$/.test(metricName));
  return counted.reduce((sum, { value }) => sum + value, 0);
}

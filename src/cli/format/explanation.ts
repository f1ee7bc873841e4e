import type { ExplainedStatement, ExplainSearchResponse } from "#gen/llmemory/v1/admin_service_pb.js";
import type { OutputStream } from "../command-context.ts";
import { durationMilliseconds, formatMilliseconds } from "./quantities.ts";
import { renderSearchResponse, type SearchView } from "./search-results.ts";
import { printable, printableLine, styleFor } from "./style.ts";

/** The answer, and then each statement of the search with the plan that the database followed. */
export function renderExplanation(explained: ExplainSearchResponse, view: SearchView): string {
  const answer = explained.response ? renderSearchResponse(explained.response, view) : "";
  return [answer, ...explained.statements.map((statement) => renderStatement(statement, view.stream))].join("\n");
}

function renderStatement(statement: ExplainedStatement, stream: OutputStream): string {
  const style = styleFor(stream);
  const time = statement.duration ? `  ${formatMilliseconds(durationMilliseconds(statement.duration))}` : "";
  return `${style("bold", printableLine(statement.name))}${time}\n${style("dim", printable(statement.plan.trimEnd()))}\n`;
}

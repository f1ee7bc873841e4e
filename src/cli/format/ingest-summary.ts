import type { OutputStream } from "../command-context.ts";
import type { IngestTally } from "../ingest/ingest-folder.ts";
import type { EmbeddingProgress } from "../ingest/wait-for-embeddings.ts";
import type { SkippedFiles } from "../ingest/walk-folder.ts";
import { count, formatBytes } from "./quantities.ts";
import { printableLine, styleFor } from "./style.ts";

/** What an ingest has done, whether it came to its end or not. */
export interface IngestOutcome {
  readonly root: string;
  readonly ownerId: string;
  readonly tally: IngestTally;
  readonly skipped: SkippedFiles;
  readonly seconds: number;
  /** Only if it was waited for them. */
  readonly embeddings: EmbeddingProgress | undefined;
  /** Whether every file was dealt with. */
  readonly isComplete: boolean;
}

/** For a terminal this many lines are read; --json has them all. */
const failuresShownMax = 50;

/** The summary for people: failures first, totals last, where the eye is. */
export function ingestSummary(outcome: IngestOutcome, stream: OutputStream): string {
  const { tally, skipped, embeddings } = outcome;
  const style = styleFor(stream);
  const failures = [...tally.failures.values()];
  const lines = failures
    .slice(0, failuresShownMax)
    .map(({ idAtOrigin, problem }) => `${style("red", "failed")}  ${printableLine(idAtOrigin)}: ${printableLine(problem)}`);
  if (failures.length > failuresShownMax) lines.push(`… and ${failures.length - failuresShownMax} more (--json lists all)`);
  lines.push(
    ...skipped.unreadable.slice(0, failuresShownMax).map((entry) => `${style("red", "failed")}  ${printableLine(entry)}`),
  );
  lines.push(totals(outcome));
  const left = leftOut(skipped);
  if (left !== "") lines.push(style("dim", `left out: ${left}`));
  if (embeddings && embeddings.dead > 0)
    lines.push(style("yellow", `${count(embeddings.dead, "chunk")} could not be embedded; only text search finds them`));
  if (!outcome.isComplete) lines.push("Not finished; run the same command again to go on.");
  return `${lines.join("\n")}\n`;
}

/** The summary for programs. */
export function ingestSummaryJson(outcome: IngestOutcome): object {
  const { tally, skipped } = outcome;
  return {
    folder: outcome.root,
    ownerId: outcome.ownerId,
    complete: outcome.isComplete,
    documents: tally.total,
    stored: storedNow(tally),
    alreadyStored: tally.alreadyStored,
    failed: [...tally.failures.values()],
    unreadable: skipped.unreadable,
    bytesRead: tally.bytesRead,
    seconds: Number(outcome.seconds.toFixed(3)),
    skipped: {
      unknownKinds: Object.fromEntries(skipped.unknownKinds),
      empty: skipped.empty,
      hidden: skipped.hidden,
      symbolicLinks: skipped.symbolicLinks,
      nodeModules: skipped.nodeModules,
    },
    ...(outcome.embeddings ? { embeddings: outcome.embeddings } : {}),
  };
}

function storedNow(tally: IngestTally): number {
  return Math.max(0, tally.settled - tally.alreadyStored - tally.failures.size);
}

function totals({ tally, ownerId, root, seconds }: IngestOutcome): string {
  if (tally.total === 0) return `There are no files with text in ${root}.`;
  const stored = storedNow(tally);
  const parts = [
    stored === 0 && tally.alreadyStored > 0 ? "" : `stored ${count(stored, "document")} of owner ${ownerId}`,
    tally.alreadyStored > 0 ? `${tally.alreadyStored.toLocaleString("en-US")} already stored` : "",
    tally.failures.size > 0 ? `${tally.failures.size.toLocaleString("en-US")} failed` : "",
    tally.bytesRead > 0 ? formatBytes(tally.bytesRead) : "",
    `${seconds.toFixed(1)} s`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function leftOut(skipped: SkippedFiles): string {
  const kinds = [...skipped.unknownKinds].sort(([, one], [, other]) => other - one);
  const named = kinds
    .slice(0, 8)
    .map(([extension, amount]) => `${amount} ${extension === "" ? "without extension" : printableLine(extension)}`);
  const others = kinds.slice(8).reduce((sum, [, amount]) => sum + amount, 0);
  const parts = [
    ...named,
    others > 0 ? `${others} of other kinds` : "",
    skipped.empty > 0 ? `${skipped.empty} empty` : "",
    skipped.hidden > 0 ? `${skipped.hidden} hidden` : "",
    skipped.symbolicLinks > 0 ? count(skipped.symbolicLinks, "symbolic link") : "",
    skipped.nodeModules > 0 ? count(skipped.nodeModules, "node_modules folder") : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

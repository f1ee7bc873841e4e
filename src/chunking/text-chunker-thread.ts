/** Runs in the worker thread that `text-chunker.ts` starts: one request after the other, answered in order. */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { limits } from "../domain/limits.ts";
import { chunkText } from "./chunk-text.ts";
import { fitPrefix } from "./context-prefix.ts";
import { detectLanguage } from "./detect-language.ts";
import { enrichLeaves } from "./enrich-leaves.ts";
import type {
  ChunkAnswer,
  ChunkerThreadSettings,
  ChunkReply,
  ChunkRequest,
  ChunkResult,
  FitRequest,
  FitResult,
} from "./text-chunker-protocol.ts";
import { loadTokenizer } from "./wordpiece-tokenizer.ts";

const port = parentPort;
if (port === null) throw new Error("text-chunker-thread runs only as a worker thread");

const { tokenizerPath, leafTokensMax } = workerData as ChunkerThreadSettings;
const tokenizer = loadTokenizer(readFileSync(tokenizerPath, "utf8"));

// A function of V8 that is there for contexts which begin after the flag was set.
setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

port.on("message", (requests: readonly (ChunkRequest | FitRequest)[]) => {
  port.postMessage({ kind: "answers", answers: requests.map(answer) } satisfies ChunkReply);
  // The thread allocates nothing more until the next request, so that a large text would stay in memory beside the next one.
  const isLarge = requests.some((request) => "content" in request && request.content.length > limits.chunkerKeptCharsMax);
  if (isLarge) setImmediate(collectGarbage);
});
port.postMessage({ kind: "ready" } satisfies ChunkReply);

function answer(request: ChunkRequest | FitRequest): ChunkAnswer {
  const compute = "prefixes" in request ? () => shorten(request) : () => chunk(request);
  try {
    return { kind: "result", result: compute() };
  } catch (error) {
    return { kind: "failure", error };
  }
}

function chunk(request: ChunkRequest): ChunkResult {
  const { content, documentType, options } = request;
  const chunks = chunkText(tokenizer, { content, documentType, options, leafTokensMax });
  const language = request.language ?? detectLanguage(content, documentType);
  return { chunks: enrichLeaves(tokenizer, chunks, { ...request, language, leafTokensMax }), language };
}

function shorten({ prefixes }: FitRequest): FitResult {
  return prefixes.map(({ prefix, chunkTokens }) => fitPrefix(tokenizer, prefix, leafTokensMax - chunkTokens));
}

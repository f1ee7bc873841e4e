/** Runs in the worker thread that `text-chunker.ts` starts: one request after the other, answered in order. */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { chunkText } from "./chunk-text.ts";
import { detectLanguage } from "./detect-language.ts";
import type { ChunkerThreadSettings, ChunkReply, ChunkRequest } from "./text-chunker-protocol.ts";
import { loadTokenizer } from "./wordpiece-tokenizer.ts";

const port = parentPort;
if (port === null) throw new Error("text-chunker-thread runs only as a worker thread");

const { tokenizerPath, leafTokensMax } = workerData as ChunkerThreadSettings;
const tokenizer = loadTokenizer(readFileSync(tokenizerPath, "utf8"));

port.on("message", (request: ChunkRequest) => port.postMessage(answer(request)));
port.postMessage({ kind: "ready" } satisfies ChunkReply);

function answer({ content, documentType, language, options }: ChunkRequest): ChunkReply {
  try {
    const chunks = chunkText(tokenizer, { content, documentType, options, leafTokensMax });
    return { kind: "result", result: { chunks, language: language ?? detectLanguage(content, documentType) } };
  } catch (error) {
    return { kind: "failure", error };
  }
}

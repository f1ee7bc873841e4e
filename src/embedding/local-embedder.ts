import { extname } from "node:path";
import type { Worker } from "node:worker_threads";
import type { WordPieceTokenizer } from "../chunking/wordpiece-tokenizer.ts";
import { StartupError } from "../domain/errors.ts";
import { EmbedderThreadPool } from "./embedder-thread-pool.ts";
import type { EmbeddingProvider, EmbeddingPurpose, OnTruncated } from "./embedding-provider.ts";
import type { LocalEmbedderThreadSettings } from "./local-embedder-thread.ts";
import { loadModelTokenizer, packagedModelDirectory, verifyModelFile } from "./model-files.ts";
import { encodeModelInput, specialTokenCount } from "./model-input.ts";
import { readModelManifest } from "./model-manifest.ts";
import { startModelThread } from "./model-thread.ts";

// `.ts` in a checkout, `.js` in the package: this file and the thread's are always of one kind.
const threadFile = new URL(`./local-embedder-thread${extname(import.meta.url)}`, import.meta.url);

// Document threads give way to queries, the main loop and the embedded database, on Linux. Two cores with another thread busy 80 % of the time,
// query p50 / p95 and 200-token documents per second: niceness 0: 18 / 26 ms, 4.7; 5: 13 / 19, 2.7; 10: 11 / 17, 2.8; 19: documents starve.
// With a core to spare it changes nothing.
const documentNiceness = 10;

export interface LocalEmbedderOptions {
  /** Threads for documents, at least 1; one for queries comes on top. */
  readonly workers: number;
  /** Holds `manifest.json` and the files it lists; undefined: the model that comes with llmemory. */
  readonly modelDirectory?: string | undefined;
  /** From `loadModelTokenizer` with the same directory, to share it with chunking; undefined: loaded here. */
  readonly tokenizer?: WordPieceTokenizer | undefined;
  readonly onTruncated: OnTruncated;
  /** Starts a thread; tests replace it to watch or end real threads. */
  readonly startWorker?: (file: URL, settings: LocalEmbedderThreadSettings, purpose: EmbeddingPurpose) => Worker;
}

/**
 * Embeds with an ONNX model in worker threads of this process, each with a single-threaded session that runs one text at a time: as fast as
 * any batch size on the CPUs measured, and the int8 model's vectors would depend on the batch (cosine down to 0.987).
 *
 * @returns when the files' checksums have been verified and every thread has loaded the model.
 * @throws StartupError for a missing or changed model file, or a model that cannot be loaded.
 */
export async function createLocalEmbedder(options: LocalEmbedderOptions): Promise<EmbeddingProvider> {
  const { workers, modelDirectory = packagedModelDirectory, onTruncated, startWorker = startThread } = options;
  const manifest = await readModelManifest(modelDirectory);
  const modelFile = await verifyModelFile({ modelDirectory, manifest, fileName: "model.onnx" });
  const tokenizer = options.tokenizer ?? (await loadModelTokenizer(modelDirectory));
  const { name, dimension, documentPrefix, queryPrefix, positionsMax } = manifest;

  const pool = new EmbedderThreadPool({
    startWorker: (purpose) =>
      startWorker(threadFile, { modelFile, dimension, niceness: purpose === "query" ? 0 : documentNiceness }, purpose),
    documentThreads: workers,
    encode: (text) => {
      const input = encodeModelInput(tokenizer, text, positionsMax);
      if (input.truncated) onTruncated(1);
      return input.ids;
    },
  });
  await pool.ready().catch(async (cause: unknown) => {
    await pool.close();
    throw new StartupError(`the model ${modelFile} cannot be loaded: ${String(cause)}`, { cause });
  });
  return {
    model: {
      modelId: `local/${name}`,
      provider: "local",
      name,
      dimension,
      documentPrefix,
      queryPrefix,
      chunkTokensMax: positionsMax - specialTokenCount - tokenizer.countTokens(documentPrefix),
    },
    embed: (texts, purpose, signal) => {
      const prefix = purpose === "query" ? queryPrefix : documentPrefix;
      return pool.embed(
        texts.map((text) => prefix + text),
        purpose,
        signal,
      );
    },
    close: () => pool.close(),
  };
}

function startThread(file: URL, settings: LocalEmbedderThreadSettings, purpose: EmbeddingPurpose): Worker {
  return startModelThread(file, { workerData: settings, name: `embed-${purpose}` });
}

import { readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { loadTokenizer, type WordPieceTokenizer } from "../chunking/wordpiece-tokenizer.ts";
import { StartupError } from "../domain/errors.ts";
import { messageOf } from "../domain/message-of.ts";
import { isRecord } from "../endpoint/model-call.ts";

/** What a directory with a cross-encoder gives. */
export interface CrossEncoderFiles {
  readonly name: string;
  readonly modelFile: string;
  /** Positions the network has: special tokens, query and passage together. */
  readonly positionsMax: number;
  readonly tokenizer: WordPieceTokenizer;
}

const positionsMaxOfBert = 512;

/**
 * Reads a directory with an ONNX model, a `tokenizer.json` and, if it likes, a `manifest.json` with any of `name` (default: that of the
 * directory), `model` (file name, default: `model.onnx`) and `positionsMax` (default: 512).
 *
 * @throws StartupError that names the file which is missing or wrong.
 */
export async function readCrossEncoderFiles(directory: string): Promise<CrossEncoderFiles> {
  const manifest = await readManifest(join(directory, "manifest.json"));
  const { name = basename(resolve(directory)), model = "model.onnx", positionsMax = positionsMaxOfBert } = manifest;
  const modelFile = join(directory, model);
  await stat(modelFile).catch((cause: unknown) => {
    throw unusable(modelFile, "is missing or cannot be read", cause);
  });
  return { name, modelFile, positionsMax, tokenizer: await readTokenizer(join(directory, "tokenizer.json")) };
}

async function readTokenizer(path: string): Promise<WordPieceTokenizer> {
  try {
    return loadTokenizer(await readFile(path, "utf8"));
  } catch (cause) {
    throw unusable(path, `cannot be used: ${messageOf(cause)}`, cause);
  }
}

interface Manifest {
  readonly name?: string;
  readonly model?: string;
  readonly positionsMax?: number;
}

async function readManifest(path: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return {};
    throw unusable(path, "cannot be read", cause);
  }
  try {
    const manifest: unknown = JSON.parse(text);
    if (isManifest(manifest)) return manifest;
  } catch (cause) {
    throw unusable(path, "is not JSON", cause);
  }
  throw unusable(path, "has a field of the wrong type");
}

function isManifest(value: unknown): value is Manifest {
  if (!isRecord(value)) return false;
  const { name, model, positionsMax } = value;
  return (
    [name, model].every((text) => text === undefined || (typeof text === "string" && text !== "")) &&
    (positionsMax === undefined || (Number.isInteger(positionsMax) && Number(positionsMax) >= 8))
  );
}

function unusable(file: string, what: string, cause?: unknown): StartupError {
  return new StartupError(`${file} of the cross-encoder ${what}; correct LLMEMORY_CROSS_ENCODER_DIR or unset it`, {
    details: { file },
    cause,
  });
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { StartupError } from "../domain/errors.ts";

/** What the operator can do about any file of a model. */
export const restoreModelHint = "reinstall llmemory, or restore the directory from the repository";

export type ModelFileName = "model.onnx" | "tokenizer.json";

/** What `manifest.json` beside a local model says of it. */
export interface ModelManifest {
  readonly name: string;
  readonly dimension: number;
  /** Positions the network has: special tokens, prefix and text together. */
  readonly positionsMax: number;
  readonly documentPrefix: string;
  readonly queryPrefix: string;
  /** Checksums in lower-case hex. */
  readonly files: Readonly<Record<ModelFileName, { readonly sha256: string }>>;
}

/** @throws StartupError when there is no manifest, or one without the fields of `ModelManifest`. */
export async function readModelManifest(modelDirectory: string): Promise<ModelManifest> {
  const path = join(modelDirectory, "manifest.json");
  let manifest: unknown;
  try {
    manifest = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new StartupError(`model manifest ${path} is missing or not JSON; ${restoreModelHint}`, {
      details: { file: path },
      cause,
    });
  }
  if (isModelManifest(manifest)) return manifest;
  throw new StartupError(`model manifest ${path} lacks a field or has one of the wrong type; ${restoreModelHint}`, {
    details: { file: path },
  });
}

function isModelManifest(value: unknown): value is ModelManifest {
  if (!isRecord(value)) return false;
  const { name, documentPrefix, queryPrefix, dimension, positionsMax, files } = value;
  return (
    [name, documentPrefix, queryPrefix].every((text) => typeof text === "string") &&
    [dimension, positionsMax].every((count) => Number.isInteger(count) && Number(count) > 0) &&
    isRecord(files) &&
    [files["model.onnx"], files["tokenizer.json"]].every((file) => isRecord(file) && typeof file.sha256 === "string")
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

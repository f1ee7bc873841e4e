import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packagedModelDirectory } from "../../src/embedding/model-files.ts";

export const crossEncoderTestdata = new URL("testdata/cross-encoder/", import.meta.url).pathname;

export interface CrossEncoderDirectory {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

/**
 * A directory as a user would give it, with the embedding model's tokenizer. See `make-models.py` for what its models score.
 *
 * @param files.model    copied as `model.onnx`; null: there is none.
 * @param files.manifest written as JSON if it is there, or as it is if it is text.
 */
export async function makeCrossEncoderDirectory(
  files: { readonly model?: string | null; readonly tokenizer?: string; readonly manifest?: unknown } = {},
): Promise<CrossEncoderDirectory> {
  const { model = join(crossEncoderTestdata, "model.onnx"), tokenizer, manifest } = files;
  const path = await mkdtemp(join(tmpdir(), "llmemory-cross-encoder-"));
  if (model !== null) await copyFile(model, join(path, "model.onnx"));
  if (tokenizer === undefined) await copyFile(join(packagedModelDirectory, "tokenizer.json"), join(path, "tokenizer.json"));
  else await writeFile(join(path, "tokenizer.json"), tokenizer);
  const text = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
  if (manifest !== undefined) await writeFile(join(path, "manifest.json"), text);
  return { path, remove: () => rm(path, { recursive: true }) };
}

/** What the models of the tests give for so many pairs of equal tokens. */
export function scoreOfOverlap(pairCount: number): number {
  return 1 / (1 + Math.exp(2 - pairCount));
}

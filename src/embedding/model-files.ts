import { createHash } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadTokenizer, type WordPieceTokenizer } from "../chunking/wordpiece-tokenizer.ts";
import { packageRoot } from "../config/package-info.ts";
import { StartupError } from "../domain/errors.ts";
import { type ModelFileName, type ModelManifest, readModelManifest, restoreModelHint } from "./model-manifest.ts";

/** The model that comes with llmemory. */
export const packagedModelDirectory = fileURLToPath(new URL("models/e5-small-v2", packageRoot));

const hashBufferBytes = 256 * 1024;

/**
 * The tokenizer of a local model, whose checksum is verified first. It takes about 100 ms and 30 MB resident: load it once for chunking and
 * embedding together.
 *
 * @param modelDirectory undefined: the model that comes with llmemory.
 * @throws StartupError for a missing or changed file.
 */
export async function loadModelTokenizer(modelDirectory: string = packagedModelDirectory): Promise<WordPieceTokenizer> {
  const manifest = await readModelManifest(modelDirectory);
  const path = await verifyModelFile({ modelDirectory, manifest, fileName: "tokenizer.json" });
  return loadTokenizer(await readFile(path, "utf8"));
}

/**
 * Compares a file with the checksum of its manifest: a truncated download or a changed file would otherwise show as vectors that are silently
 * wrong. The 34 MB model takes about 50 ms.
 *
 * @returns the path of the file.
 * @throws StartupError for a missing or changed file, with the expected and the actual checksum.
 */
export async function verifyModelFile(file: {
  readonly modelDirectory: string;
  readonly manifest: ModelManifest;
  readonly fileName: ModelFileName;
}): Promise<string> {
  const path = join(file.modelDirectory, file.fileName);
  const expectedSha256 = file.manifest.files[file.fileName].sha256;
  const actualSha256 = await hashFile(path).catch((cause: unknown) => {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new StartupError(
      `model file ${path} ${missing ? "is missing" : "cannot be read"}, expected sha256 ${expectedSha256}; ${restoreModelHint}`,
      { details: { file: path, expectedSha256 }, cause },
    );
  });
  if (actualSha256 === expectedSha256) return path;
  throw new StartupError(
    `model file ${path} is corrupt: expected sha256 ${expectedSha256}, actual ${actualSha256}; ${restoreModelHint}`,
    { details: { file: path, expectedSha256, actualSha256 } },
  );
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await using file = await open(path);
  // One buffer for the whole file: a read stream would leave 34 MB of them to the garbage collector.
  const buffer = Buffer.allocUnsafe(hashBufferBytes);
  for (let { bytesRead } = await file.read(buffer); bytesRead > 0; { bytesRead } = await file.read(buffer)) {
    hash.update(buffer.subarray(0, bytesRead));
  }
  return hash.digest("hex");
}

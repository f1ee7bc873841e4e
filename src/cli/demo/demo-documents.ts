import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../config/package-info.ts";
import { UserError } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type ListedFile, walkFolder } from "../ingest/walk-folder.ts";

/**
 * Together about 600 chunks, which one core embeds in one to two minutes (150 ms per chunk of 300 tokens). Longer files are
 * mostly tables of options, which make a poor demonstration.
 */
const fileBytesMax = 9_000n;
const documentsMax = 300;
const bytesMax = 600_000n;

export interface DemoDocuments {
  readonly root: string;
  readonly files: readonly ListedFile[];
  /** README and documentation files that were found. */
  readonly found: number;
  readonly duplicates: number;
  /** Too long, or beyond what the demo takes in all. */
  readonly leftOut: number;
}

/** Chooses README and documentation files of the packages that llmemory was installed with; always the same ones. */
export async function findDemoDocuments(signal: AbortSignal): Promise<DemoDocuments> {
  const root = await nodeModulesFolder();
  const { files } = await walkFolder(root, { includeNodeModules: true }, signal);
  const readmes = files.filter(({ relativePath }) => /(^|\/)readme\.(md|markdown)$/i.test(relativePath));
  const documentation = files.filter(({ relativePath }) => /\/docs\/.*\.(md|markdown)$/i.test(relativePath));
  const found = [...readmes, ...documentation.filter((file) => !readmes.includes(file))];
  const chosen: ListedFile[] = [];
  const seen = new Set<string>();
  let duplicates = 0;
  let bytes = 0n;
  for (const file of found) {
    if (file.sizeBytes > fileBytesMax || chosen.length === documentsMax || bytes + file.sizeBytes > bytesMax) continue;
    const hash = createHash("sha256")
      .update(await readFile(file.path))
      .digest("hex");
    if (seen.has(hash)) {
      duplicates++;
      continue;
    }
    seen.add(hash);
    chosen.push(file);
    bytes += file.sizeBytes;
  }
  return { root, files: chosen, found: found.length, duplicates, leftOut: found.length - chosen.length - duplicates };
}

/** Where the dependencies are: in llmemory's own folder, or around it if llmemory itself was installed as a package. */
async function nodeModulesFolder(): Promise<string> {
  const own = fileURLToPath(packageRoot);
  for (const folder of [join(own, "node_modules"), dirname(own)]) {
    if (await stat(join(folder, "@connectrpc")).catch(() => undefined)) return folder;
  }
  throw new UserError(`the packages of llmemory were not found near ${own}; run "npm ci" there`, exitCodes.failed);
}

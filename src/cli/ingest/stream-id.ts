import { createHash } from "node:crypto";
import type { ListedFile } from "./walk-folder.ts";

/**
 * Raised when the same file would give another document than before: an upgrade of llmemory then begins new streams, instead of
 * going on with streams whose documents were made differently.
 */
const documentFormatVersion = 1;

/**
 * The name of the ingest stream for a listing of files. The position in a stream means the position in the listing, so a stream
 * may go on only with exactly the same listing: any file that was added, removed or changed (its size or one of its times), or
 * another option, gives another name, and with it a new stream from the first file. There the service recognises what it has
 * already as unchanged, so nothing is stored twice.
 *
 * @param input root: the folder as an absolute path without links; options: what else decides the documents, as JSON.
 */
export function ingestStreamId(input: {
  readonly root: string;
  readonly files: readonly ListedFile[];
  readonly options: unknown;
}): string {
  const hash = createHash("sha256");
  const add = (...parts: readonly string[]) => hash.update(`${JSON.stringify(parts)}\n`);
  add(String(documentFormatVersion), input.root, JSON.stringify(input.options));
  for (const file of input.files) add(file.relativePath, String(file.sizeBytes), String(file.modifiedNs), String(file.changedNs));
  return `cli-ingest-${hash.digest("hex")}`;
}

import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { UserError } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type FileKind, fileKind } from "../extract/file-kinds.ts";

/** More files than this are more likely the wrong folder than a library of documents. */
const filesMax = 1_000_000;

/** A file that llmemory can take text from. */
export interface ListedFile {
  /** From the folder, with `/` between names on every system. */
  readonly relativePath: string;
  readonly path: string;
  readonly kind: FileKind;
  readonly sizeBytes: bigint;
  /** Times of the last change of the content and of the file's record, such as its permissions. */
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** What was left out, and why. */
export interface SkippedFiles {
  /** Files of other kinds, by extension; `""`: none. */
  readonly unknownKinds: ReadonlyMap<string, number>;
  readonly empty: number;
  /** Files and folders whose name begins with a dot. */
  readonly hidden: number;
  readonly symbolicLinks: number;
  /** Folders named `node_modules`. */
  readonly nodeModules: number;
  /** Folders and files that cannot be looked at, with the reason. */
  readonly unreadable: readonly string[];
}

export interface FolderListing {
  /** Ordered by relative path, so that the same folder always gives the same order. */
  readonly files: readonly ListedFile[];
  readonly skipped: SkippedFiles;
}

/**
 * Lists the files below a folder that llmemory can take text from. Symbolic links are not followed: they could lead out of the
 * folder or around in circles.
 */
export async function walkFolder(
  root: string,
  options: { readonly includeNodeModules: boolean },
  signal: AbortSignal,
): Promise<FolderListing> {
  const walk = { files: [] as ListedFile[], unknownKinds: new Map<string, number>(), unreadable: [] as string[] };
  const counts = { empty: 0, hidden: 0, symbolicLinks: 0, nodeModules: 0 };
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal.throwIfAborted();
    for (const entry of await readFolder(root, folder, walk.unreadable)) {
      const relativePath = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.name.startsWith(".")) counts.hidden++;
      else if (entry.isSymbolicLink()) counts.symbolicLinks++;
      else if (entry.isDirectory() && entry.name === "node_modules" && !options.includeNodeModules) counts.nodeModules++;
      else if (entry.isDirectory()) folders.push(relativePath);
      else if (entry.isFile()) await listFile(root, relativePath, walk, counts);
    }
    if (walk.files.length > filesMax)
      throw new UserError(`${root} has more than ${filesMax} files; ingest its folders one by one`, exitCodes.failed);
  }
  // By UTF-16 unit, which no locale changes.
  const files = walk.files.sort((one, other) => (one.relativePath < other.relativePath ? -1 : 1));
  return { files, skipped: { ...counts, unknownKinds: walk.unknownKinds, unreadable: walk.unreadable } };
}

interface Walk {
  readonly files: ListedFile[];
  readonly unknownKinds: Map<string, number>;
  readonly unreadable: string[];
}

async function readFolder(root: string, folder: string, unreadable: string[]): Promise<Dirent[]> {
  try {
    return await readdir(join(root, folder), { withFileTypes: true });
  } catch (error) {
    // The folder that was asked for must be readable; one below it is reported and left out.
    if (folder === "")
      throw new UserError(`cannot read the folder ${root}: ${reasonOf(error)}`, exitCodes.failed, { cause: error });
    unreadable.push(`${folder}/: ${reasonOf(error)}`);
    return [];
  }
}

async function listFile(root: string, relativePath: string, walk: Walk, counts: { empty: number }): Promise<void> {
  const kind = fileKind(relativePath);
  if (kind === undefined) {
    const extension = extname(relativePath).toLowerCase();
    walk.unknownKinds.set(extension, (walk.unknownKinds.get(extension) ?? 0) + 1);
    return;
  }
  const path = join(root, relativePath);
  try {
    const { size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    if (size === 0n) counts.empty++;
    else walk.files.push({ relativePath, path, kind, sizeBytes: size, modifiedNs: mtimeNs, changedNs: ctimeNs });
  } catch (error) {
    walk.unreadable.push(`${relativePath}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const reasons: Record<string, string> = {
    ENOENT: "it does not exist",
    EACCES: "permission denied",
    ENOTDIR: "it is not a folder",
  };
  return reasons[code] ?? code;
}

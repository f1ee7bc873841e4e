import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryDirectory } from "../../scripts/toolchains.ts";

/** A file of the repository. */
export interface SourceFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** All TypeScript files below a folder of the repository. */
export function sourceFiles(folder: string): readonly SourceFile[] {
  const paths = globSync(`${folder}/**/*.ts`, { cwd: repositoryDirectory });
  return paths.toSorted().map((path) => ({ path, text: readFileSync(join(repositoryDirectory, path), "utf8") }));
}

/** What a file imports, as written: static and dynamic imports, re-exports and files started as threads by URL. */
export function importedModules(text: string): readonly string[] {
  const forms = [
    /^\s*(?:import|export)\b[^"';]*?\bfrom\s+["']([^"']+)["']/gm,
    /^\s*import\s+["']([^"']+)["']/gm,
    /\bimport\(\s*["']([^"']+)["']/g,
    /\bnew URL\(\s*["'](\.[^"']+)["']/g,
  ];
  return forms.flatMap((form) => [...text.matchAll(form)].flatMap((match) => match[1] ?? []));
}

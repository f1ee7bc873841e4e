import type { SourceFile } from "./source-files.ts";

/** Beyond this a file holds more than one concept. */
export const linesMax = 400;

/** Files that are too long, as sentences. */
export function longFiles(files: readonly SourceFile[]): readonly string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > linesMax)
    .map(({ path, lines }) => `${path} has ${lines} lines; split it below ${linesMax}`);
}

/** Files and folders named after no concept, as sentences. */
export function vagueNames(paths: readonly string[]): readonly string[] {
  const vague = /(^|\/)(utils?|helpers?|common|misc|lib|index)(\/|\.ts$)/;
  return paths.filter((path) => vague.test(path)).map((path) => `${path} is named after no concept`);
}

/** Files not in kebab-case, as sentences. */
export function unusualNames(paths: readonly string[]): readonly string[] {
  const usual = /^([a-z0-9-]+\/)*[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*\.ts$/;
  return paths.filter((path) => !usual.test(path)).map((path) => `${path} is not in kebab-case`);
}

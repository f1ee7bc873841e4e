import { layers } from "./layers.ts";

const layerNames = layers.flat();

/** Folders of `test` that mirror no layer. */
const otherFolders = ["architecture", "bench", "deploy", "end-to-end", "support", "toolchains"];

/**
 * Tests whose place does not say what they test, and layers without tests, as sentences. `test/storage/rows.test.ts` and
 * `test/storage/rows.concurrency.test.ts` belong to `src/storage/rows.ts` or to the folder `src/storage/rows`.
 */
export function mirrorViolations(paths: {
  readonly source: readonly string[];
  readonly test: readonly string[];
}): readonly string[] {
  return [...misplacedTests(paths), ...untestedLayers(paths)];
}

function misplacedTests(paths: { readonly source: readonly string[]; readonly test: readonly string[] }): readonly string[] {
  return paths.test.flatMap((path) => {
    const folder = path.split("/")[1] ?? "";
    if (otherFolders.includes(folder)) return [];
    if (!layerNames.includes(folder)) return [`${path} is in a folder that mirrors no layer`];
    if (!path.endsWith(".test.ts")) return [];
    const subject = path.replace(/^test\//, "src/").replace(/(\.[a-z0-9-]+)?\.test\.ts$/, "");
    const exists = paths.source.some((source) => source === `${subject}.ts` || source.startsWith(`${subject}/`));
    return exists ? [] : [`${path} tests neither ${subject}.ts nor ${subject}/`];
  });
}

function untestedLayers(paths: { readonly source: readonly string[]; readonly test: readonly string[] }): readonly string[] {
  const withSource = layerNames.filter((layer) => paths.source.some((path) => path.startsWith(`src/${layer}/`)));
  return withSource
    .filter((layer) => !paths.test.some((path) => path.startsWith(`test/${layer}/`) && path.endsWith(".test.ts")))
    .map((layer) => `src/${layer} has no test in test/${layer}`);
}

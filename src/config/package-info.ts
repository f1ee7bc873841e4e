import { readFileSync } from "node:fs";

/** The root of the package: two levels up both from `src/config/*.ts` and from `dist/config/*.js`. */
export const packageRoot = new URL("../../", import.meta.url);

/** The version in llmemory's package.json. */
export const packageVersion: string = JSON.parse(readFileSync(new URL("package.json", packageRoot), "utf8")).version;

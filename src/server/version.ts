import { readFileSync } from "node:fs";

/** The version in package.json, which is two levels up both from `src/server/*.ts` and from `dist/server/*.js`. */
export const version: string = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;

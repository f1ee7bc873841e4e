import { readFileSync } from "node:fs";

/** The root of the package: the same from `src/cli` and from `dist/cli`. */
export const packageRoot = new URL("../../", import.meta.url);

/** The version in llmemory's package.json. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("package.json", packageRoot), "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) return String(manifest.version);
  throw new Error("package.json has no version");
}

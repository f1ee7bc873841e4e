/** Writes the Grafana dashboards as JSON. With `--check` it fails if a file is not what it would write. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dashboards } from "./dashboards.ts";
import { repositoryDirectory } from "./toolchains.ts";

const directory = join(repositoryDirectory, "deploy/grafana/dashboards");
mkdirSync(directory, { recursive: true });
const texts = Object.entries(dashboards).map(([name, dashboard]) => ({
  path: join(directory, name),
  text: `${JSON.stringify(dashboard, null, 2)}\n`,
}));
if (process.argv.includes("--check")) {
  const stale = texts.filter(({ path, text }) => readIfThere(path) !== text).map(({ path }) => path);
  if (stale.length > 0) {
    console.error(
      `dashboards were stale, commit what "npm run dashboards" makes:\n${stale.map((path) => `  ${path}`).join("\n")}`,
    );
    process.exitCode = 1;
  }
} else {
  for (const { path, text } of texts) writeFileSync(path, text);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

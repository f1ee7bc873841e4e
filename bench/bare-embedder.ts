import { readFileSync } from "node:fs";
import { createLocalEmbedder } from "../src/embedding/local-embedder.ts";
import { cpuSeconds } from "./machine.ts";

/** The bare limit beside which ingest is measured: the embedder alone, on texts of a JSON file. Prints texts and CPU seconds. */
const texts: string[] = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const embedder = await createLocalEmbedder({ workers: 1, onTruncated: () => undefined });
const before = cpuSeconds(process.pid);
for (let start = 0; start < texts.length; start += 16) {
  await embedder.embed(texts.slice(start, start + 16), "document", new AbortController().signal);
}
process.stdout.write(`${JSON.stringify({ texts: texts.length, cpuSeconds: cpuSeconds(process.pid) - before })}\n`);
await embedder.close();

import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { repositoryDirectory } from "../scripts/toolchains.ts";
import type { Service } from "../test/support/service.ts";
import { ingestFolder, readEmbeddingInputs } from "./demo-texts.ts";
import { cpuSeconds, quantile } from "./machine.ts";

const run = promisify(execFile);
const rounds = 3;

export interface EmbedderShare {
  readonly chunks: number;
  /** Chunks embedded per CPU second: of service and database, and of the embedder alone, round by round. */
  readonly serviceRates: readonly number[];
  readonly bareRates: readonly number[];
  /** Chunks embedded per second of the clock, beginning when the command starts. */
  readonly wallRates: readonly number[];
}

/**
 * Texts per CPU second of `ingest --wait`, beside the embedder alone on the same texts, context prefixes included, in turn.
 *
 * @param start the service on a new database, with the local model.
 * @param databaseCpuSeconds what a database beside the service has used so far.
 */
export async function measureEmbedderShare(
  folder: string,
  directory: string,
  start: (round: number) => Promise<Service>,
  databaseCpuSeconds = () => 0,
): Promise<EmbedderShare> {
  const serviceRates: number[] = [];
  const bareRates: number[] = [];
  const wallRates: number[] = [];
  const textsFile = join(directory, "texts.json");
  let texts: string[] = [];
  for (let round = 0; round < rounds; round++) {
    await using service = await start(round);
    const used = () => cpuSeconds(service.pid) + databaseCpuSeconds();
    const [before, began] = [used(), performance.now()];
    await ingestFolder(service, folder, "--wait");
    const [after, ended] = [used(), performance.now()];
    if (round === 0) {
      texts = await readEmbeddingInputs(service);
      await writeFile(textsFile, JSON.stringify(texts));
    }
    serviceRates.push(texts.length / (after - before));
    wallRates.push((1_000 * texts.length) / (ended - began));
    const { stdout } = await run(process.execPath, [join(repositoryDirectory, "bench/bare-embedder.ts"), textsFile]);
    const result: { texts: number; cpuSeconds: number } = JSON.parse(stdout);
    bareRates.push(result.texts / result.cpuSeconds);
  }
  return { chunks: texts.length, serviceRates, bareRates, wallRates };
}

/** `23.81, 96 % of the embedder alone (95 %, 96 %, 97 %)`. */
export function showShare({ serviceRates, bareRates }: EmbedderShare): { share: number; shown: string } {
  const ratios = serviceRates.map((rate, index) => rate / (bareRates[index] ?? Number.NaN));
  const percent = (ratio: number) => `${(100 * ratio).toFixed(0)} %`;
  const share = quantile(ratios, 0.5);
  const rate = quantile(serviceRates, 0.5).toFixed(2);
  return { share, shown: `${rate}, ${percent(share)} of the embedder alone (${ratios.map(percent).join(", ")})` };
}

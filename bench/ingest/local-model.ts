import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCompiled } from "../compiled-service.ts";
import { prepareDemoTexts } from "../demo-texts.ts";
import { measureEmbedderShare, showShare } from "../embedder-share.ts";
import { quantile } from "../machine.ts";
import type { Report } from "../search/report.ts";
import type { IngestServer } from "./ingest-server.ts";

/** What the service adds to the local model, on a PostgreSQL server. */
export async function measureLocalModel(server: IngestServer, report: Report): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "llmemory-bench-"));
  const name = "llmemory_bench_local_model";
  try {
    const { folder } = await prepareDemoTexts(directory);
    const share = await measureEmbedderShare(
      folder,
      directory,
      async () =>
        startCompiled(
          { databaseUrl: await server.create(name), dataDirectory: "" },
          { LLMEMORY_EMBEDDING_PROVIDER: "local", LLMEMORY_EMBEDDING_WORKERS: "1" },
        ),
      postgresCpuSeconds(await server.processId()),
    );
    const { share: reached, shown } = showShare(share);
    report.bound(
      `ingest of the demo's documents, ${share.chunks} chunks: chunks embedded per CPU second of service and PostgreSQL together`,
      `${shown}; the embedder alone ${quantile(share.bareRates, 0.5).toFixed(2)}`,
      "at least 90 %",
      reached >= 0.9,
    );
    report.figure(
      "chunks embedded per second of the clock, from the start of the command",
      quantile(share.wallRates, 0.5).toFixed(2),
    );
  } finally {
    await server.drop(name);
    await rm(directory, { recursive: true, force: true });
  }
}

/** CPU seconds of the server's processes since it started, those that have ended included; Linux only. */
function postgresCpuSeconds(processId: number): () => number {
  return () => {
    let seconds = 0;
    for (const entry of readdirSync("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      const fields = readStat(entry);
      if (fields === undefined || (Number(entry) !== processId && Number(fields[1]) !== processId)) continue;
      // utime and stime; of the postmaster also those of the children that it has waited for.
      const times = Number(entry) === processId ? fields.slice(11, 15) : fields.slice(11, 13);
      seconds += times.reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
    }
    return seconds;
  };
}

/** Fields of `/proc/PID/stat` from the third on; undefined: the process has ended meanwhile. */
function readStat(entry: string): string[] | undefined {
  try {
    return readFileSync(`/proc/${entry}/stat`, "utf8").split(") ")[1]?.split(" ");
  } catch {
    return undefined;
  }
}

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
      await server.watchCpu(),
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

import { styleText } from "node:util";
import { setFlagsFromString } from "node:v8";
import { formatAddress } from "../config/listen-address.ts";
import { packageVersion } from "../config/package-info.ts";
import type { Settings } from "../config/settings.ts";
import { type RunningService, startService } from "./start-service.ts";
import { untilStopSignal } from "./stop-signal.ts";

/**
 * Runs the service until SIGINT or SIGTERM.
 *
 * @throws StartupError if it cannot start.
 */
export async function serve(settings: Settings): Promise<void> {
  // By default a heap grows to several times of what is alive before it is cleared, and stays so large: while documents of 10 MB were
  // streamed in, that took 60 MB more, and no less time.
  setFlagsFromString("--heap-growing-percent=30");
  const stopSignal = untilStopSignal();
  const service = await startService(settings);
  process.stdout.write(`llmemory ready grpc=${formatAddress(service.grpcAddress)} http=${formatAddress(service.httpAddress)}\n`);
  announce(service);
  const signal = await stopSignal;
  service.resources.logger.info({ signal }, "stopping");
  await service.stop();
}

/** Tells people where it listens, what it runs on and what to try next; programs get the same as a log line. */
function announce({ resources, grpcAddress, httpAddress }: RunningService): void {
  const { database, table, settings, logger } = resources;
  const facts = {
    version: packageVersion,
    database: database.version,
    data: settings.databaseUrl === undefined ? settings.dataDirectory : undefined,
    model: table.modelId,
    grpc: formatAddress(grpcAddress),
    tls: settings.tlsCertFile !== undefined,
    http: formatAddress(httpAddress),
  };
  if (!process.stderr.isTTY) {
    logger.info(facts, "ready");
    return;
  }
  const command = (text: string) => styleText("cyan", text, { stream: process.stderr });
  const dim = (text: string) => styleText("dim", text, { stream: process.stderr });
  const curl = `curl -H 'content-type: application/json' -d '{"ownerId":"me","content":"Ada likes tea."}' http://${facts.http}/llmemory.v1.MemoryService/AddDocument`;
  process.stderr.write(
    [
      "",
      `  llmemory ${packageVersion}`,
      `  ${dim("gRPC")}      ${facts.grpc}${facts.tls ? dim("  (TLS)") : ""}`,
      `  ${dim("HTTP")}      http://${facts.http}  ${dim("(Connect JSON, /metrics, /health)")}`,
      `  ${dim("database")}  ${facts.database}${facts.data ? dim(` in ${facts.data}; set DATABASE_URL to use a PostgreSQL server`) : ""}`,
      `  ${dim("model")}     ${facts.model}`,
      "",
      `  ${dim("Try, in another terminal:")}`,
      `    ${command("npm run demo")}`,
      `    ${command("npm run llmemory -- add README.md")}`,
      `    ${command('npm run llmemory -- search "what is stored here?"')}`,
      `    ${command(curl)}`,
      "",
      "",
    ].join("\n"),
  );
}

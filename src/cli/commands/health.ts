import { Code, ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import { HealthCheckResponse_ServingStatus as ServingStatus } from "#gen/grpc/health/v1/health_pb.js";
import { runWithService, type ServiceSession } from "../client/run-with-service.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { styleFor } from "../format/style.ts";
import { cell, renderTable } from "../format/table.ts";
import { addConnectionOptions, type ClientOptions } from "../options/client-options.ts";

/** Container health checks run this every few seconds and must have their answer before the next run. */
const healthTimeoutMs = 2_000;

/** `llmemory health`: asks grpc.health.v1; also the health check of containers. */
export function registerHealth(program: Command, context: CommandContext): void {
  addConnectionOptions(
    program.command("health").description("ask the service for its health; exit code 0 only if it is serving"),
  ).action((options: ClientOptions) =>
    runWithService(context, options, async (session) => {
      const statuses = await healthStatuses(session, context.signal);
      context.stdout.write(session.json ? `${asJson(statuses)}\n` : asTable(statuses, context));
      return statuses.get("") === ServingStatus.SERVING ? exitCodes.ok : exitCodes.failed;
    }),
  );
}

/** The status of every name; that of the whole service is under "". */
async function healthStatuses({ service }: ServiceSession, signal: AbortSignal): Promise<ReadonlyMap<string, ServingStatus>> {
  const callOptions = { signal, timeoutMs: healthTimeoutMs };
  try {
    const { statuses } = await service.health.list({}, callOptions);
    return new Map(Object.entries(statuses).map(([name, { status }]) => [name, status]));
  } catch (error) {
    // List is younger than Check, and other services may be asked, too.
    if (!(error instanceof ConnectError) || error.code !== Code.Unimplemented) throw error;
    const { status } = await service.health.check({ service: "" }, callOptions);
    return new Map([["", status]]);
  }
}

function asJson(statuses: ReadonlyMap<string, ServingStatus>): string {
  const named = [...statuses].map(([name, status]) => [name, ServingStatus[status]]);
  return JSON.stringify({ status: statusName(statuses.get("")), services: Object.fromEntries(named) });
}

function asTable(statuses: ReadonlyMap<string, ServingStatus>, context: CommandContext): string {
  const style = styleFor(context.stdout);
  const names = [...statuses.keys()].sort();
  const rows = names.map((name) => {
    const status = statuses.get(name);
    return [
      name === "" ? "(whole service)" : cell(name),
      style(status === ServingStatus.SERVING ? "green" : "red", statusName(status)),
    ];
  });
  return `${renderTable(context.stdout, [{ head: "service" }, { head: "status" }], rows)}\n`;
}

function statusName(status: ServingStatus | undefined): string {
  return status === undefined ? "UNKNOWN" : (ServingStatus[status] ?? String(status));
}

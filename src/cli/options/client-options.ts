import type { Command } from "commander";
import { settingDefinitions } from "../../config/settings.ts";

/** What every command that speaks to the service takes. */
export interface ClientOptions {
  readonly address?: string;
  readonly owner?: string;
  readonly json?: boolean;
}

/** Adds --address and --json. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option("-a, --address <host:port>", "where the service listens (default: LLMEMORY_GRPC_ADDRESS or 127.0.0.1:50051)")
    .option("--json", "print JSON for programs");
}

/** Adds --address, --json and --owner. */
export function addClientOptions(command: Command): Command {
  return addConnectionOptions(command).option("-o, --owner <id>", "whose documents (default: LLMEMORY_OWNER or default)");
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The address to connect to. */
export function addressOf(options: ClientOptions, environment: Environment): string {
  return (
    options.address ||
    environment.LLMEMORY_GRPC_ADDRESS ||
    environment.AWORD_GRPC_ADDRESS ||
    settingDefinitions.grpcAddress.fallback ||
    ""
  );
}

/** The owner to work for. */
export function ownerOf(options: ClientOptions, environment: Environment): string {
  return options.owner || environment.LLMEMORY_OWNER || environment.AWORD_OWNER || "default";
}

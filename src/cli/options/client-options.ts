import type { Command } from "commander";
import { settingDefinitions } from "../../config/settings.ts";
import type { TlsOptions } from "../client/connection-tls.ts";

/** What every command that speaks to the service takes. */
export interface ClientOptions extends TlsOptions {
  readonly address?: string;
  readonly owner?: string;
  readonly json?: boolean;
}

/** Adds --address, those of TLS, and --json. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option(
      "-a, --address <host:port>",
      "where the service listens (default: LLMEMORY_GRPC_ADDRESS or 127.0.0.1:50051); https://host:port, or an option of TLS: over TLS",
    )
    .option("--tls-ca-file <file>", "PEM file of the authorities to trust instead of Node's own (LLMEMORY_TLS_CA_FILE)")
    .option("--tls-server-name <name>", "name in the service's certificate if it is not the host (LLMEMORY_TLS_SERVER_NAME)")
    .option("--tls-client-cert-file <file>", "PEM file of a certificate to show (LLMEMORY_TLS_CLIENT_CERT_FILE)")
    .option("--tls-client-key-file <file>", "PEM file of its key (LLMEMORY_TLS_CLIENT_KEY_FILE)")
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

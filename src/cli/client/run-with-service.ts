import type { CommandContext } from "../command-context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { addressOf, type ClientOptions, ownerOf } from "../options/client-options.ts";
import { reportError } from "../report-error.ts";
import { connectionTlsOf } from "./connection-tls.ts";
import { callTimeoutMs, connectToService, type ServiceConnection } from "./service-connection.ts";

/** What a command that speaks to the service works with. */
export interface ServiceSession {
  readonly service: ServiceConnection;
  readonly ownerId: string;
  /** Whether stdout is for a program. */
  readonly json: boolean;
  /** For unary calls: Ctrl-C and the usual deadline. */
  readonly callOptions: { readonly signal: AbortSignal; readonly timeoutMs: number };
}

/** Connects, runs the command, prints what goes wrong, closes the connection and leaves the exit code in the context. */
export async function runWithService(
  context: CommandContext,
  options: ClientOptions,
  command: (session: ServiceSession) => Promise<ExitCode>,
): Promise<void> {
  const address = addressOf(options, context.environment);
  const json = options.json === true;
  let service: ServiceConnection | undefined;
  try {
    service = connectToService(address, await connectionTlsOf(options, context.environment));
    const ownerId = ownerOf(options, context.environment);
    const callOptions = { signal: context.signal, timeoutMs: callTimeoutMs };
    context.exitCode = await command({ service, ownerId, json, callOptions });
  } catch (error) {
    reportError(error, context, { json, address: service?.address ?? address });
  } finally {
    service?.close();
  }
}

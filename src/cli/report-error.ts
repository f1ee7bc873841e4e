import { ConnectError } from "@connectrpc/connect";
import { InvalidSettingsError } from "../config/load-settings.ts";
import { StartupError } from "../domain/errors.ts";
import {
  describeServiceError,
  exitCodeOf,
  isFromService,
  isTransient,
  type ServiceErrorDescription,
} from "./client/service-error.ts";
import { type CommandContext, UserError } from "./command-context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { formatMilliseconds } from "./format/quantities.ts";
import { printable, styleFor } from "./format/style.ts";

/** What to print, and how to end. */
export interface ErrorReport {
  readonly exitCode: ExitCode;
  readonly error: ServiceErrorDescription;
  /** What to do about it. */
  readonly hint?: string;
  /** Where it went wrong; only for bugs. */
  readonly stack?: string;
}

/** Prints an error to stderr, as JSON if asked for, and sets the exit code. */
export function reportError(
  error: unknown,
  context: CommandContext,
  options: { readonly json: boolean; readonly address?: string },
): void {
  const report = explainError(error, context.signal, options.address);
  context.exitCode = report.exitCode;
  if (options.json) {
    const { exitCode, error: described, hint } = report;
    context.stderr.write(`${JSON.stringify({ error: described, ...(hint ? { hint } : {}), exitCode })}\n`);
    return;
  }
  const style = styleFor(context.stderr);
  const lines = [
    `${style("red", "error:")} ${printable(report.error.message)}`,
    ...errorDetails(report.error).map((line) => `  ${line}`),
  ];
  if (report.hint) lines.push(report.hint);
  if (report.stack) lines.push(style("dim", report.stack));
  context.stderr.write(`${lines.join("\n")}\n`);
}

/** The lines below an error's message: every violation that it does not name, the code with its reason, and when to try again. */
export function errorDetails(error: ServiceErrorDescription): string[] {
  // The message often is the list of violations already.
  const lines = (error.violations ?? [])
    .map(({ field, description }) => `${field}: ${description}`)
    .filter((line) => !error.message.includes(line))
    .map(printable);
  if (error.reason !== undefined) lines.push(`${error.code}, reason ${printable(error.reason)}`);
  if (error.retryAfterMs !== undefined) lines.push(`try again in ${formatMilliseconds(error.retryAfterMs)}`);
  return lines;
}

function explainError(error: unknown, signal: AbortSignal, address: string | undefined): ErrorReport {
  if (signal.aborted) return { exitCode: exitCodes.interrupted, error: { code: "CANCELLED", message: "interrupted" } };
  if (error instanceof ConnectError) return explainServiceError(error, address);
  if (error instanceof UserError) return { exitCode: error.exitCode, error: { code: "CLIENT", message: error.message } };
  if (error instanceof InvalidSettingsError)
    return { exitCode: exitCodes.usage, error: { code: "INVALID_SETTINGS", message: error.message } };
  if (error instanceof StartupError) return { exitCode: exitCodes.failed, error: { code: error.reason, message: error.message } };
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  return {
    exitCode: exitCodes.failed,
    error: { code: "BUG", message: `${message} (this is a bug in llmemory)` },
    ...(stack ? { stack } : {}),
  };
}

function explainServiceError(error: ConnectError, address: string | undefined): ErrorReport {
  const exitCode = exitCodeOf(error);
  const described = describeServiceError(error);
  if (isFromService(error) || address === undefined || !isTransient(error)) return { exitCode, error: described };
  return {
    exitCode,
    error: { ...described, message: `llmemory did not answer at ${address}: ${error.rawMessage}` },
    hint: address.startsWith("https:")
      ? "Over TLS, --tls-ca-file says whom to trust, and --tls-server-name which name the certificate has."
      : 'Start it with "npm start" (or "llmemory serve"), or say where it listens with --address HOST:PORT (https://HOST:PORT for TLS).',
  };
}

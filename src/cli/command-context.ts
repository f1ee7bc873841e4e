import type { Readable, Writable } from "node:stream";
import type { ExitCode } from "./exit-codes.ts";

/** A stream of the process, of which some are terminals. */
export type OutputStream = Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };
export type InputStream = Readable & { readonly isTTY?: boolean | undefined };

/** What a command has of the process that it runs in; tests give their own. */
export interface CommandContext {
  readonly stdin: InputStream;
  /** Results, and nothing else. */
  readonly stdout: OutputStream;
  /** Progress, notes and errors. */
  readonly stderr: OutputStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** What the process ends with; commands set it. */
  exitCode: ExitCode;
}

/** Something that the person at the keyboard can put right; shown without a stack. */
export class UserError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.name = "UserError";
    this.exitCode = exitCode;
  }
}

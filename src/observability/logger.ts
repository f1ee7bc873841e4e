import { type Logger, pino } from "pino";
import type { LogSettings } from "../config/log-settings.ts";
import { systemClock } from "../domain/clock.ts";
import { StartupError } from "../domain/errors.ts";
import { LogFiles } from "./log-files.ts";
import { traceFields } from "./tracing.ts";

export type { Logger };

export type LoggerSettings = Pick<LogSettings, "logLevel" | "logDirectory" | "logFileMb" | "logFilesMax">;

/**
 * Logs JSON lines to stderr, since stdout holds the ready line alone, or to files in a directory. Lines carry ids, numbers and codes, never
 * the content of documents or queries; those of a traced request carry its trace id.
 *
 * @throws StartupError if the directory cannot be written.
 */
export function createLogger(settings: LoggerSettings): Logger {
  return pino(
    {
      level: settings.logLevel,
      base: null,
      mixin: traceFields,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    settings.logDirectory === undefined
      ? pino.destination({ fd: 2, sync: true })
      : openLogFiles({ ...settings, logDirectory: settings.logDirectory }),
  );
}

function openLogFiles({ logDirectory, logFileMb, logFilesMax }: LoggerSettings & { readonly logDirectory: string }): LogFiles {
  try {
    return new LogFiles({ directory: logDirectory, fileBytesMax: logFileMb * 1_024 * 1_024, filesMax: logFilesMax }, systemClock);
  } catch (error) {
    throw new StartupError(`logs cannot be written to ${logDirectory} (LLMEMORY_LOG_DIRECTORY): ${String(error)}`, {
      cause: error,
    });
  }
}

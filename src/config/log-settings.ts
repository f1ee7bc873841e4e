import type { SettingDefinitions } from "./setting-definition.ts";
import { oneOf, trueOrFalse, wholeNumber } from "./setting-parsers.ts";

const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const;

/** Levels of Python's logging that have other names here. */
const otherLevels: Readonly<Record<string, string>> = { warning: "warn", critical: "error" };

/** What is logged, and where to. */
export interface LogSettings {
  readonly logLevel: (typeof logLevels)[number];
  /** Where log files go; undefined: to stderr. */
  readonly logDirectory: string | undefined;
  /** Bytes ÷ 1,048,576 after which a log file is followed by the next. */
  readonly logFileMb: number;
  /** Log files that are kept beside the one that is written. */
  readonly logFilesMax: number;
  /** Whether slow statements are logged; they are counted in any case. */
  readonly logSlowQueries: boolean;
  readonly slowQueryMs: number;
}

/** The part of the catalogue of settings that is of logs. */
export const logSettingDefinitions: SettingDefinitions<LogSettings> = {
  logLevel: {
    variables: ["LLMEMORY_LOG_LEVEL"],
    fallback: "info",
    description: `one of ${logLevels.join(", ")}`,
    parse: (text) => oneOf(logLevels)(otherLevels[text.toLowerCase()] ?? text),
  },
  logDirectory: {
    variables: ["LLMEMORY_LOG_DIRECTORY"],
    fallback: undefined,
    description: "directory for log files, a new one each day; not set: logs go to stderr; JSON lines both",
    parse: (text) => text,
  },
  logFileMb: {
    variables: ["LLMEMORY_LOG_FILE_MB"],
    fallback: "100",
    description: "size of a log file after which the next is begun",
    parse: wholeNumber(1, 10_000),
  },
  logFilesMax: {
    variables: ["LLMEMORY_LOG_FILES_MAX"],
    fallback: "14",
    description: "older log files that are kept",
    parse: wholeNumber(1, 10_000),
  },
  logSlowQueries: {
    variables: ["LLMEMORY_LOG_SLOW_QUERIES"],
    fallback: "true",
    description: "log SQL statements that are slow: name, time, and shapes of the parameters",
    parse: trueOrFalse,
  },
  slowQueryMs: {
    variables: ["LLMEMORY_SLOW_QUERY_MS"],
    fallback: "1000",
    description: "SQL statements that take longer are slow: they are counted and logged",
    parse: wholeNumber(1, 3_600_000),
  },
};

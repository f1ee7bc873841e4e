import { type Logger, pino } from "pino";

export type { Logger };

/**
 * Logs JSON lines to stderr, since stdout holds the ready line alone. Lines carry ids, numbers and codes, never the content of
 * documents or queries.
 */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    pino.destination({ fd: 2, sync: true }),
  );
}

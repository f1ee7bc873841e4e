import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampDate } from "@bufbuild/protobuf/wkt";

const bytesUnits = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Bytes for people, such as `3.4 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit: string = bytesUnits[0];
  for (const larger of bytesUnits.slice(1)) {
    if (value < 1_024) break;
    value /= 1_024;
    unit = larger;
  }
  return `${unit === "B" || value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

/** A time span for people, such as `4.2 ms`, `1.5 s`, `3 min 20 s` or `2 h 5 min`. */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const wholeSeconds = Math.round(seconds);
  if (wholeSeconds < 3_600) return `${Math.floor(wholeSeconds / 60)} min ${wholeSeconds % 60} s`;
  return `${Math.floor(wholeSeconds / 3_600)} h ${Math.floor((wholeSeconds % 3_600) / 60)} min`;
}

/** A protobuf Duration in milliseconds. */
export function durationMilliseconds(duration: Duration): number {
  return Number(duration.seconds) * 1_000 + duration.nanos / 1e6;
}

/** A protobuf Timestamp for people, in UTC; empty if there is none. */
export function formatTimestamp(timestamp: Timestamp | undefined): string {
  return timestamp === undefined ? "" : `${timestampDate(timestamp).toISOString().slice(0, 16).replace("T", " ")}`;
}

/** `1 document`, `2 documents`. */
export function count(amount: number | bigint, singular: string, plural = `${singular}s`): string {
  return `${amount.toLocaleString("en-US")} ${Number(amount) === 1 ? singular : plural}`;
}

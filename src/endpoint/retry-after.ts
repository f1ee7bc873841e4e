/**
 * How long an answer asks to wait: `retry-after-ms`, which OpenAI sends, before `Retry-After`, which holds seconds or a date
 * (RFC 9110, 10.2.3).
 *
 * @param nowMs milliseconds since 1970, for dates.
 * @returns undefined if the headers say nothing that can be read; never below 0.
 */
export function readRetryAfterMs(headers: Pick<Headers, "get">, nowMs: number): number | undefined {
  const milliseconds = readNumber(headers.get("retry-after-ms"));
  if (milliseconds !== undefined) return milliseconds;
  const text = headers.get("retry-after");
  const seconds = readNumber(text);
  if (seconds !== undefined) return seconds * 1_000;
  // Date.parse alone takes "-3" for a date, too.
  const date = text?.endsWith("GMT") ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

function readNumber(text: string | null): number | undefined {
  return text !== null && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

import { createHash } from "node:crypto";
import { InvalidInputError } from "../domain/errors.ts";

/**
 * Where the next page of a query begins, as text for the client to give back: opaque, but not signed, so that what comes back may be
 * anything.
 *
 * @param query what must stay the same from page to page.
 */
export function encodePageToken(query: unknown, position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([1, hashOf(query), ...position])).toString("base64url");
}

/**
 * The position in a token, for the caller to check.
 *
 * @param fields what must stay the same, for people.
 * @throws InvalidInputError if the token is not one of this query's, or `isPosition` says so.
 */
export function decodePageToken<Position extends readonly unknown[]>(
  token: string,
  query: unknown,
  fields: string,
  isPosition: (position: readonly unknown[]) => position is Position,
): Position {
  try {
    const [format, hash, ...position]: unknown[] = JSON.parse(Buffer.from(token, "base64url").toString());
    if (format === 1 && hash === hashOf(query) && isPosition(position)) return position;
  } catch {
    // Falls through to the same answer as a token of another query.
  }
  const description = `is not a next_page_token of this query; begin again without one, and keep ${fields} the same`;
  throw new InvalidInputError([{ field: "page_token", rule: "page_token.valid", description }]);
}

function hashOf(query: unknown): string {
  return createHash("sha256").update(JSON.stringify(query)).digest("base64url").slice(0, 16);
}

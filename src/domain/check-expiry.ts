import type { FieldViolation } from "./errors.ts";

/** What is wrong with the time at which a document is to go by itself: it is past. */
export function checkExpiry(expiresAt: Date | undefined, now: Date): FieldViolation[] {
  if (expiresAt === undefined || expiresAt > now) return [];
  const description = `is ${expiresAt.toISOString()}, which is not after the service's time, ${now.toISOString()}`;
  return [{ field: "expires_at", rule: "expires_at.future", description }];
}

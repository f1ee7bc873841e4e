import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";

/** A measured time, to the microsecond; `durationFromMs` turns fractions of milliseconds into nanoseconds that cannot be sent. */
export function encodeDuration(elapsedMs: number): Duration {
  const microseconds = Math.max(0, Math.round(elapsedMs * 1_000));
  const seconds = Math.floor(microseconds / 1_000_000);
  return create(DurationSchema, { seconds: BigInt(seconds), nanos: (microseconds - seconds * 1_000_000) * 1_000 });
}

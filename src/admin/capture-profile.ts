import { Session } from "node:inspector/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { abortError, LimitExceededError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { takeHeapSnapshot } from "./heap-snapshot.ts";

/** What to capture of the thread that this runs in; `heap` is of one moment, the others last. */
export type ProfileRequest = { readonly kind: "heap" } | { readonly kind: "cpu" | "allocations"; readonly durationMs: number };

/** How long a capture has gone on, or the next piece of the file that it has given. */
export type ProfileEvent = { readonly elapsedMs: number } | { readonly content: Uint8Array };

/** V8 may not have sent what was written to the caller when the thread stands still. */
const headStartMs = 50;

/** Captures profiles of this thread, one at a time: a second one would tell of the first. */
export class ProfileCapture {
  #isRunning = false;

  /**
   * Captures a profile. The first event comes at once, others each second, then the file in pieces: `.cpuprofile`, `.heapsnapshot` or
   * `.heapprofile`, all JSON.
   *
   * @throws LimitExceededError PROFILE_RUNNING while another one is captured or sent; PreconditionError as `takeHeapSnapshot`;
   *   the domain error of `signal`, which ends the capture.
   */
  async *capture(request: ProfileRequest, signal: AbortSignal): AsyncGenerator<ProfileEvent> {
    if (this.#isRunning)
      throw new LimitExceededError("PROFILE_RUNNING", "another profile is being captured; try again when it is done", 1_000);
    this.#isRunning = true;
    try {
      if (request.kind === "heap") yield* heapEvents(signal);
      else yield* sampledEvents(request.kind, request.durationMs, signal);
    } finally {
      this.#isRunning = false;
    }
  }
}

async function* heapEvents(signal: AbortSignal): AsyncGenerator<ProfileEvent> {
  yield { elapsedMs: 0 };
  await pause(headStartMs, signal);
  for await (const content of takeHeapSnapshot()) {
    if (signal.aborted) throw abortError(signal);
    yield { content };
  }
}

/** The capture keeps its own time: a caller that takes no events must not make it longer. */
async function* sampledEvents(
  kind: "cpu" | "allocations",
  durationMs: number,
  signal: AbortSignal,
): AsyncGenerator<ProfileEvent> {
  const left = new AbortController();
  const started = performance.now();
  const capturing = sampled(kind, durationMs, AbortSignal.any([signal, left.signal]));
  let isDone = false;
  const done = capturing.then(
    () => {
      isDone = true;
    },
    () => {
      isDone = true;
    },
  );
  try {
    while (!isDone) {
      yield { elapsedMs: Math.min(performance.now() - started, durationMs) };
      const tick = new AbortController();
      await Promise.race([done, sleep(limits.profileProgressMs, undefined, { signal: tick.signal }).catch(() => undefined)]);
      tick.abort();
    }
    const file = Buffer.from(await capturing);
    for (let start = 0; start < file.length; start += limits.profilePieceBytes) {
      if (signal.aborted) throw abortError(signal);
      yield { content: file.subarray(start, start + limits.profilePieceBytes) };
    }
  } finally {
    left.abort();
    await done;
  }
}

/** The text of a profile of so long; closing the session stops the profiler, however this ends. */
async function sampled(kind: "cpu" | "allocations", durationMs: number, signal: AbortSignal): Promise<string> {
  const session = new Session();
  session.connect();
  try {
    if (kind === "cpu") {
      await session.post("Profiler.enable");
      await session.post("Profiler.setSamplingInterval", { interval: limits.profileSampleIntervalUs });
      await session.post("Profiler.start");
      await pause(durationMs, signal);
      return JSON.stringify((await session.post("Profiler.stop")).profile);
    }
    await session.post("HeapProfiler.startSampling", {
      samplingInterval: limits.profileAllocationBytes,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    await pause(durationMs, signal);
    return JSON.stringify((await session.post("HeapProfiler.stopSampling")).profile);
  } finally {
    session.disconnect();
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw abortError(signal);
  }
}

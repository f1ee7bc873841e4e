import { SingleBar } from "cli-progress";
import type { OutputStream } from "../command-context.ts";
import { formatMilliseconds } from "./quantities.ts";

/** A progress bar, or nothing where there is no terminal. */
export interface Progress {
  /** @param state start: as in `startProgress`, once it is known. */
  update(state: { readonly value: number; readonly total?: number; readonly start?: number; readonly note?: string }): void;
  /** Leaves the bar as it is and ends the line. */
  stop(): void;
}

const silent: Progress = { update: () => {}, stop: () => {} };

/**
 * Starts a bar with the count, the rate and the time left.
 *
 * @param bar label: what happens; unit: plural of what is counted; start: what was done before (default: 0), which does not count
 *   for the rate.
 */
export function startProgress(
  stream: OutputStream,
  bar: { readonly label: string; readonly unit: string; readonly total: number; readonly start?: number },
): Progress {
  if (stream.isTTY !== true) return silent;
  const startedMs = performance.now();
  let { total, start = 0 } = bar;
  const single = new SingleBar({
    format: `${bar.label} {bar} {value}/{total} ${bar.unit}{rate}{note}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: Math.max(10, Math.min(30, (stream.columns ?? 80) - 60)),
    stream,
    hideCursor: true,
    linewrap: null,
    gracefulExit: false,
    emptyOnZero: true,
  });
  const payload = (value: number, note = "") => ({
    rate: rateText({ done: value - start, left: total - value, elapsedMs: performance.now() - startedMs }),
    note: note === "" ? "" : ` · ${note}`,
  });
  single.start(total, start, payload(start));
  return {
    update: ({ value, total: newTotal, start: newStart, note }) => {
      start = newStart ?? start;
      if (newTotal !== undefined && newTotal !== total) {
        total = newTotal;
        single.setTotal(total);
      }
      single.update(value, payload(value, note));
    },
    stop: () => single.stop(),
  };
}

/** The rate so far and the time left at that rate; empty until there is something to go by. */
export function rateText(state: { readonly done: number; readonly left: number; readonly elapsedMs: number }): string {
  if (state.done <= 0 || state.elapsedMs < 500) return "";
  const perSecond = (state.done / state.elapsedMs) * 1_000;
  const rate = ` · ${perSecond >= 10 ? Math.round(perSecond) : perSecond.toFixed(1)}/s`;
  return state.left <= 0 ? rate : `${rate} · ${formatMilliseconds((state.left / perSecond) * 1_000)} left`;
}

/** How the numbers of a panel are written: divided by `divisor`, with `suffix` named once beside its title. */
export interface Scale {
  readonly divisor: number;
  readonly suffix: string;
}

/** By unit of Grafana's; the first scale is that of the smallest numbers. */
const scales: Readonly<Record<string, readonly Scale[]>> = {
  short: [{ divisor: 1, suffix: "" }],
  ops: [{ divisor: 1, suffix: "ops/s" }],
  reqps: [{ divisor: 1, suffix: "req/s" }],
  percentunit: [{ divisor: 0.01, suffix: "%" }],
  s: [
    { divisor: 1e-6, suffix: "µs" },
    { divisor: 1e-3, suffix: "ms" },
    { divisor: 1, suffix: "s" },
  ],
  bytes: [
    { divisor: 1, suffix: "B" },
    { divisor: 2 ** 10, suffix: "KiB" },
    { divisor: 2 ** 20, suffix: "MiB" },
    { divisor: 2 ** 30, suffix: "GiB" },
  ],
};

/** The scale in which the largest number is at least 1, if there is one. Throws for a unit that no panel has had so far. */
export function scaleFor(unit: string, largest: number): Scale {
  const [smallest, ...others] = scales[unit] ?? [];
  if (smallest === undefined) throw new Error(`no scale for the unit "${unit}"; add it to scripts/panel-units.ts`);
  return others.findLast(({ divisor }) => largest >= divisor) ?? (largest > 0 ? smallest : (others.at(-1) ?? smallest));
}

/** Round numbers from 0 up to the first that is not below the largest: four to six of them. */
export function ticksUpTo(largest: number): readonly number[] {
  const atLeast = (largest > 0 ? largest : 1) / 4;
  const power = 10 ** Math.floor(Math.log10(atLeast));
  const step = ([1, 2, 2.5, 5].find((factor) => factor * power >= atLeast) ?? 10) * power;
  const count = Math.ceil(largest / step) || 4;
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

import { quantile } from "../machine.ts";

/** Something that is timed: its figures for the query of this number, by name. */
export interface Contender<Name extends string> {
  readonly name: Name;
  readonly run: (index: number) => Promise<Readonly<Record<string, number>>>;
}

export interface Rounds {
  readonly rounds: number;
  readonly perRound: number;
  /** Runs of each contender before anything is kept. */
  readonly warmUp: number;
}

/** Figures of all rounds. */
export class Samples {
  /** By contender and figure; one list per round. */
  readonly #lists = new Map<string, number[][]>();

  add(key: string, round: number, value: number): void {
    const lists = this.#lists.get(key) ?? [];
    this.#lists.set(key, lists);
    const list = lists[round] ?? [];
    lists[round] = list;
    list.push(value);
  }

  all(key: string): readonly number[] {
    return this.#rounds(key).flat();
  }

  /** The figures of a contender whose names begin so, with their medians. */
  showParts(contender: string, prefix: string): string {
    const beginning = `${contender}.${prefix}`;
    const keys = [...this.#lists.keys()].filter((key) => key.startsWith(beginning));
    return keys.map((key) => `${key.slice(beginning.length)} ${milliseconds(quantile(this.all(key), 0.5))}`).join(", ");
  }

  /** `p50 1.2 ms, p95 3.4 ms`. */
  show(key: string): string {
    const values = this.all(key);
    return `p50 ${milliseconds(quantile(values, 0.5))}, p95 ${milliseconds(quantile(values, 0.95))}`;
  }

  /** The quotient of two p95 in each round: their median, least and greatest. */
  ratio(key: string, beside: string): Ratio {
    const below = this.#rounds(beside);
    const ratios = this.#rounds(key).map((values, round) => quantile(values, 0.95) / quantile(below[round] ?? [], 0.95));
    return { median: quantile(ratios, 0.5), least: Math.min(...ratios), greatest: Math.max(...ratios) };
  }

  /** The quotient of two medians over all rounds, which the machine's other work hardly touches. */
  medianRatio(key: string, beside: string): number {
    return quantile(this.all(key), 0.5) / quantile(this.all(beside), 0.5);
  }

  #rounds(key: string): readonly number[][] {
    const lists = this.#lists.get(key);
    if (!lists) throw new Error(`nothing was measured as ${key}`);
    return lists;
  }
}

export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
}

export function showRatio({ median, least, greatest }: Ratio): string {
  return `${median.toFixed(2)} (rounds ${least.toFixed(2)} to ${greatest.toFixed(2)})`;
}

export function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

/**
 * Times contenders in turn, query by query and each time in another order, so that a change of the machine's load meets all of them.
 *
 * @returns figures as `name.figure`.
 */
export async function interleave(
  contenders: readonly Contender<string>[],
  { rounds, perRound, warmUp }: Rounds,
): Promise<Samples> {
  const samples = new Samples();
  for (let index = 0; index < warmUp; index++) for (const { run } of contenders) await run(index);
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < perRound; index++) {
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(turn + index) % contenders.length];
        if (!contender) continue;
        const figures = await contender.run(round * perRound + index);
        for (const [figure, value] of Object.entries(figures)) samples.add(`${contender.name}.${figure}`, round, value);
      }
    }
  }
  return samples;
}

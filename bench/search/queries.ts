import type { DocumentFilter } from "../../src/domain/filter.ts";
import { randomNumbers } from "../../test/support/random-numbers.ts";
import { wordOf, writeTexts } from "../corpus.ts";

/** Eight words of a text like those of the corpus: half about a topic, half as frequent as Zipf's law has them. */
export function writeQueries(count: number, seed: number): readonly string[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () => (writeTexts(random)[0] ?? "").split(" ").slice(0, 8).join(" "));
}

/** Three of the dozen commonest words. */
export function writeCommonQueries(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => [index % 3, 3 + (index % 4), 7 + (index % 5)].map(wordOf).join(" "));
}

/** Three words from the middle of the vocabulary. */
export function writeMiddlingQueries(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const step = index % 200;
    return [300 + step, 1_000 + step * 7, 2_500 + step].map(wordOf).join(" ");
  });
}

/** Filters by the share of documents that they choose, in percent. */
export const filters: Readonly<Record<"50" | "5" | "0.5", DocumentFilter>> = {
  "50": { metadata: { kind: "equal", path: ["half"], value: 1 } },
  "5": { metadata: { kind: "equal", path: ["twentieth"], value: 3 } },
  "0.5": { metadata: { kind: "equal", path: ["rare"], value: 7 } },
};

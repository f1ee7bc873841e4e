import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BestOf } from "../../src/search/best-of.ts";

describe("the best of some numbers", () => {
  it("are those that sorting finds, best first", () => {
    const values = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 50 }), (values, most) => {
        const isBehind = (left: number, right: number) =>
          (values[left] ?? 0) < (values[right] ?? 0) || (values[left] === values[right] && left > right);
        const best = new BestOf(most, isBehind);
        for (const place of values.keys()) best.offer(place);
        const sorted = [...values.keys()].sort((left, right) => (isBehind(left, right) ? 1 : -1)).slice(0, most);
        expect(best.inOrder()).toEqual(sorted);
        expect(best.last).toBe(values.length < most ? undefined : sorted.at(-1));
      }),
    );
  });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { divideFairly } from "../../src/services/divide-fairly.ts";

test.each<[needed: number[], total: number, shares: number[]]>([
  [[], 10, []],
  [[3, 4], 10, [3, 4]],
  [[20, 20], 10, [5, 5]],
  [[20, 2, 20], 10, [4, 2, 4]],
  [[20, 0], 10, [10, 0]],
  [[7, 7, 7], 20, [6, 7, 7]],
  [[5], 0, [0]],
])("%j of %d", (needed, total, shares) => {
  expect(divideFairly(needed, total)).toEqual(shares);
});

test("nobody has more than needed, all is used that is needed, and who has less than needed has no less than anyone else", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { maxLength: 20 }), fc.nat(10_000), (needed, total) => {
      const shares = divideFairly(needed, total);
      const sum = (numbers: readonly number[]) => numbers.reduce((left, right) => left + right, 0);
      expect(sum(shares)).toBe(Math.min(total, sum(needed)));
      for (const [index, share] of shares.entries()) {
        const bytes = needed[index] ?? 0;
        expect(share).toBeLessThanOrEqual(bytes);
        // One byte is what division leaves over.
        if (share < bytes) expect(share).toBeGreaterThanOrEqual(Math.max(...shares) - 1);
      }
    }),
  );
});

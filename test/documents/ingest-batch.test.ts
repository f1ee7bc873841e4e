import { describe, expect, it } from "vitest";
import { countOfBatch, isBatch } from "../../src/documents/ingest-batch.ts";

const most = { items: 4, bytes: 100 };
const items = (...sizes: readonly number[]) => sizes.map((sizeBytes) => ({ sizeBytes }));

describe("a batch of a stream's items", () => {
  it.each([
    { what: "none of none", sizes: [], count: 0 },
    { what: "all, if they are few", sizes: [10, 20, 30], count: 3 },
    { what: "as many as it may have", sizes: [1, 1, 1, 1, 1], count: 4 },
    { what: "as large as it may be", sizes: [60, 40, 1], count: 2 },
    { what: "one at least, however large", sizes: [1_000, 1], count: 1 },
  ])("takes $what", ({ sizes, count }) => {
    expect(countOfBatch(items(...sizes), most)).toBe(count);
  });

  it("ends before the first that may not be taken, and asks only for what it would take", () => {
    const asked: number[] = [];
    const mayTake = ({ sizeBytes }: { sizeBytes: number }) => {
      asked.push(sizeBytes);
      return sizeBytes < 12;
    };
    expect(countOfBatch(items(10, 11, 12, 13), most, mayTake)).toBe(2);
    expect(countOfBatch(items(1, 2, 3, 4, 5), most, mayTake)).toBe(4);
    expect(asked).toEqual([10, 11, 12, 1, 2, 3, 4]);
  });

  it("is full by number or by size", () => {
    expect(isBatch(items(1, 1, 1), most)).toBe(false);
    expect(isBatch(items(1, 1, 1, 1), most)).toBe(true);
    expect(isBatch(items(50, 49), most)).toBe(false);
    expect(isBatch(items(50, 50), most)).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { BatchSize } from "../../src/embedding/batch-size.ts";

const { embeddingBatchSizeMin: min, embeddingBatchSizeMax: max, embeddingBatchMs } = limits;

describe("the size of batches", () => {
  it("grows to the largest while full batches are quick", () => {
    const size = new BatchSize();
    const seen = Array.from({ length: 6 }, () => {
      const { count } = size;
      size.observe(count, 10);
      return count;
    });
    expect(seen).toEqual([min, 2 * min, 4 * min, max, max, max]);
  });

  it("stays where a batch was not full, or neither quick nor slow", () => {
    const size = new BatchSize();
    size.observe(min - 1, 10);
    size.observe(0, 0);
    size.observe(min, embeddingBatchMs / 2);
    expect(size.count).toBe(min);
  });

  it("shrinks to the smallest while batches are slow", () => {
    const size = new BatchSize();
    for (let batch = 0; batch < 3; batch++) size.observe(size.count, 10);
    const seen = Array.from({ length: 4 }, () => {
      size.observe(size.count, embeddingBatchMs + 1);
      return size.count;
    });
    expect(seen).toEqual([max / 2, max / 4, min, min]);
  });
});

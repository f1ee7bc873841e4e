import { describe, expect, it } from "vitest";
import { poolMeanToUnitVector, toUnitVector } from "../../src/embedding/mean-pooling.ts";

describe("mean pooling", () => {
  it("averages the rows and scales the mean to unit length", () => {
    const threeRows = Float32Array.of(1, 0, 2, 3, 6, 9);
    expect(poolMeanToUnitVector(threeRows, 2)).toEqual(Float32Array.of(0.6, 0.8));
  });

  it("leaves the zero vector as it is", () => {
    expect(toUnitVector(new Float64Array(3))).toEqual(new Float32Array(3));
  });
});

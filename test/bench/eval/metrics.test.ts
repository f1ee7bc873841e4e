import { describe, expect, test } from "vitest";
import { ndcg, recall } from "../../../bench/eval/metrics.ts";

const one = new Map([["a", 1]]);
const graded = new Map([
  ["a", 4],
  ["b", 2],
  ["c", 1],
]);

describe("nDCG", () => {
  test.each([
    { name: "is 1 for the best order", ranked: ["a", "b", "c"], grades: graded, k: 10, expected: 1 },
    { name: "is 1 for the best order cut at k", ranked: ["a", "b"], grades: graded, k: 2, expected: 1 },
    { name: "is 0 when nothing relevant was found", ranked: ["x", "y"], grades: graded, k: 10, expected: 0 },
    { name: "is 0 when nothing was found", ranked: [], grades: graded, k: 10, expected: 0 },
    { name: "halves the gain at rank 3", ranked: ["x", "y", "a"], grades: one, k: 10, expected: 0.5 },
    { name: "looks at the first k alone", ranked: ["x", "y", "a"], grades: one, k: 2, expected: 0 },
    {
      name: "weighs the grades",
      ranked: ["c", "x", "a"],
      grades: graded,
      k: 10,
      expected: (1 + 4 / 2) / (4 + 2 / Math.log2(3) + 1 / 2),
    },
  ])("$name", ({ ranked, grades, k, expected }) => {
    expect(ndcg(ranked, grades, k)).toBeCloseTo(expected, 12);
  });
});

describe("recall", () => {
  test.each([
    { name: "is 1 when all that is relevant was found", ranked: ["c", "x", "b", "a"], k: 10, expected: 1 },
    { name: "is the share of what is relevant", ranked: ["x", "b"], k: 10, expected: 1 / 3 },
    { name: "looks at the first k alone", ranked: ["a", "x", "b"], k: 2, expected: 1 / 3 },
    { name: "is 0 when nothing was found", ranked: [], k: 10, expected: 0 },
  ])("$name", ({ ranked, k, expected }) => {
    expect(recall(ranked, graded, k)).toBeCloseTo(expected, 12);
  });
});

import { describe, expect, it } from "vitest";
import { Stages } from "../../src/search/stages.ts";

describe("the stages of a search", () => {
  it("are listed in the order they began, those that run several times once", async () => {
    const stages = new Stages();
    const released = Promise.withResolvers<void>();
    const slow = stages.time("slow", () => released.promise);
    await stages.time("quick", async () => {});
    released.resolve();
    await slow;
    await stages.time("slow", async () => {});
    expect(stages.times.map(({ stage }) => stage)).toEqual(["slow", "quick"]);
    for (const { durationMs } of stages.times) expect(durationMs).toBeGreaterThanOrEqual(0);
  });

  it("give what they are to give, and add up", async () => {
    const stages = new Stages();
    expect(await stages.time("load", async () => 1)).toBe(1);
    const [first] = stages.times;
    expect(await stages.time("load", async () => 2)).toBe(2);
    const [both] = stages.times;
    expect(both?.durationMs).toBeGreaterThanOrEqual(first?.durationMs ?? Number.NaN);
  });

  it("count those that fail, and are listed while they run", async () => {
    const stages = new Stages();
    const mistake = new Error("a mistake");
    await expect(stages.time("load", () => Promise.reject(mistake))).rejects.toBe(mistake);
    expect(stages.times).toEqual([{ stage: "load", durationMs: expect.any(Number) }]);
    const released = Promise.withResolvers<void>();
    const running = stages.time("fuse", () => released.promise);
    expect(stages.times.map(({ stage }) => stage)).toEqual(["load", "fuse"]);
    released.resolve();
    await running;
  });

  it("are none of a search that has not begun", () => {
    expect(new Stages().times).toEqual([]);
  });
});

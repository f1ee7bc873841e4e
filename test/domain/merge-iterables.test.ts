import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { mergeIterables } from "../../src/domain/merge-iterables.ts";

it("gives the values of all sources as they come, each source in its own order, and ends with the last", async () => {
  const merged: string[] = [];
  for await (const value of mergeIterables([after([0, 20, 20], "a"), after([10, 20, 20], "b"), after([], "c")]))
    merged.push(value);
  expect(merged).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"]);
});

it("asks a source for its next value only once the last was taken", async () => {
  const asked: number[] = [];
  const source = async function* () {
    for (let value = 0; value < 3; value++) {
      asked.push(value);
      yield value;
    }
  };
  const merged = mergeIterables([source()]);
  await merged.next();
  await sleep(5);
  expect(asked).toEqual([0]);
  await merged.next();
  expect(asked).toEqual([0, 1]);
});

it("fails with the source that fails, after what came before, and does not wait for the others", async () => {
  const failing = async function* () {
    yield "before";
    throw new Error("of the source");
  };
  const endless = async function* () {
    await new Promise(() => undefined);
    yield "never";
  };
  const merged = mergeIterables<string>([endless(), failing()]);
  expect((await merged.next()).value).toBe("before");
  await expect(merged.next()).rejects.toThrow("of the source");
});

async function* after(delaysMs: readonly number[], name: string): AsyncGenerator<string> {
  for (const [index, delayMs] of delaysMs.entries()) {
    await sleep(delayMs);
    yield `${name}${index}`;
  }
}

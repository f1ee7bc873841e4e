import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterEach, describe, expect, it, test } from "vitest";
import { createMetrics } from "../../src/observability/metrics.ts";
import { openDatabase } from "../../src/storage/open-database.ts";
import { parameterShape, SlowStatements } from "../../src/storage/slow-statements.ts";
import { testDatabases } from "../support/databases.ts";
import { schema } from "../support/test-storage.ts";

type Line = Record<string, unknown>;

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function collect() {
  const lines: Line[] = [];
  const logger = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { lines, deps: { logger, metrics: createMetrics({ ownerLabels: false, version: "test" }) } };
}

async function slowCount({ metrics }: ReturnType<typeof collect>["deps"]): Promise<number> {
  const { values } = await metrics.dbSlowQueries.get();
  return values.filter(({ labels }) => labels.query_type === "nap").reduce((sum, { value }) => sum + value, 0);
}

describe.each(testDatabases())("a slow statement on $name", ({ create }) => {
  async function open(options: { readonly slowQueryMs: number; readonly logSlowQueries?: boolean }) {
    const fresh = await create();
    closers.push(() => fresh.drop());
    const { lines, deps } = collect();
    const database = await openDatabase(deps, { ...fresh, schema, databasePoolSizeMax: 2, ...options });
    closers.push(() => database.close());
    const nap = () =>
      database.query("nap", "select pg_sleep($1::float8), $2::text, $3::bytea, $4::int[]", [
        0.3,
        "hunter2",
        Buffer.alloc(3),
        [1, 2],
      ]);
    return { database, lines, deps, nap };
  }

  it("is counted and logged with its name and the shapes of its parameters, and once with its plan, but never with a value", async () => {
    const { lines, deps, nap } = await open({ slowQueryMs: 250 });
    await nap();
    await nap();
    const of = (msg: string) => lines.filter((line) => line.msg === msg && line.statement === "nap");
    expect(await slowCount(deps)).toBe(2);
    expect(of("slow database statement")).toHaveLength(2);
    expect(of("slow database statement")[0]).toMatchObject({
      elapsedMs: expect.any(Number),
      parameters: ["number", "text(7)", "bytes(3)", "list(2)"],
    });
    await expect.poll(() => of("plan of a slow database statement")).toHaveLength(1);
    expect(of("plan of a slow database statement")[0]).toMatchObject({ plan: [expect.stringMatching(/^Result .*cost=/)] });
    expect(JSON.stringify(lines)).not.toContain("hunter2");
  });

  it("is only counted if logging is off", async () => {
    const { lines, deps, nap } = await open({ slowQueryMs: 250, logSlowQueries: false });
    await nap();
    expect(await slowCount(deps)).toBe(1);
    expect(lines).toEqual([]);
  });
});

test("a plan that cannot be read, or that no statement has, fails nothing", async () => {
  const { lines, deps } = collect();
  const asked: string[] = [];
  const slow = new SlowStatements(deps, { slowQueryMs: 1 }, async (text) => {
    asked.push(text);
    throw new Error("no plan");
  });
  slow.observe({ name: "begin", text: "begin" }, 5);
  slow.observe({ name: "fast", text: "select 1" }, 0.5);
  slow.observe({ name: "find", text: "\n  with a as (select 1) select 2" }, 5);
  await sleep(0);
  expect(asked).toHaveLength(1);
  expect(lines.map((line) => line.statement)).toEqual(["begin", "find"]);
});

test.each([
  [null, "null"],
  [undefined, "null"],
  ["größe", "text(5)"],
  [new Float32Array(2), "bytes(8)"],
  [[["a"], ["b"]], "list(2)"],
  [new Date(0), "time"],
  [1, "number"],
  [1n, "bigint"],
  [true, "boolean"],
  [{ a: "hunter2" }, "object"],
])("the shape of %o is %s", (value, shape) => {
  expect(parameterShape(value)).toBe(shape);
});

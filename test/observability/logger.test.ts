import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runToEnd } from "../support/run-to-end.ts";

const module = fileURLToPath(new URL("../../src/observability/logger.ts", import.meta.url));

test("logs are JSON lines on stderr from the given level on, and stdout stays empty", async () => {
  const program = `
    const { createLogger } = await import(${JSON.stringify(module)});
    const logger = createLogger("warn");
    logger.info("not shown");
    logger.warn({ owner_id: "owner" }, "shown");`;
  const { stdout, stderr } = await runToEnd(process.execPath, ["--input-type=module", "--eval", program]);
  expect(stdout).toBe("");
  const lines = stderr
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  expect(lines).toEqual([{ level: "warn", time: expect.stringMatching(/^\d{4}-.*Z$/), owner_id: "owner", msg: "shown" }]);
});

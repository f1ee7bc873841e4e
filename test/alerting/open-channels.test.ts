import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openChannels } from "../../src/alerting/open-channels.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { StartupError } from "../../src/domain/errors.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmemory-channels-"));
  await writeFile(join(folder, "key"), "R0UT1NG\n");
  await writeFile(join(folder, "url"), "http://127.0.0.1:1/hook?token=T0KEN\n");
  await writeFile(join(folder, "nonsense"), "T0KEN\n");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function opened(environment: Record<string, string>): Promise<readonly string[]> {
  return (await openChannels(loadSettings(environment))).map(({ name }) => name);
}

it("opens those that the settings name, by value or by file", async () => {
  expect(await opened({ LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY: "a" })).toEqual(["pagerduty"]);
  expect(await opened({ LLMEMORY_ALERT_WEBHOOK_URL: "https://127.0.0.1/x" })).toEqual(["webhook"]);
  const files = {
    LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY_FILE: join(folder, "key"),
    LLMEMORY_ALERT_WEBHOOK_URL_FILE: join(folder, "url"),
  };
  expect(await opened(files)).toEqual(["pagerduty", "webhook"]);
});

it.each([
  ["nobody to tell", () => ({}), /nobody to tell.*ROUTING_KEY/],
  [
    "a file that is missing",
    () => ({ LLMEMORY_ALERT_WEBHOOK_URL_FILE: join(folder, "none") }),
    /WEBHOOK_URL_FILE.*cannot be read/,
  ],
  ["an address that is none", () => ({ LLMEMORY_ALERT_WEBHOOK_URL_FILE: join(folder, "nonsense") }), /must be a URL/],
])("refuses %s, and repeats no secret", async (_what, environment, message) => {
  const opening = openChannels(loadSettings(environment()));
  await expect(opening).rejects.toThrow(StartupError);
  await expect(opening).rejects.toThrow(message);
  await expect(opening).rejects.not.toThrow(/T0KEN/);
});

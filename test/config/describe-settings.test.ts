import { expect, test } from "vitest";
import { describeSettings } from "../../src/config/describe-settings.ts";
import { loadSettings, type SettingInputs } from "../../src/config/load-settings.ts";
import { settingDefinitions } from "../../src/config/settings.ts";

function described(environment: Record<string, string>, overrides: SettingInputs["overrides"] = {}) {
  const settings = describeSettings(loadSettings(environment, { overrides }));
  return (variable: string) => settings.find((setting) => setting.variable === variable);
}

test("each setting says its value, as it would be written, and where that came from", () => {
  const setting = described({ LLMEMORY_HTTP_ADDRESS: "127.0.0.1:0", LLMEMORY_LOG_LEVEL: "warn" }, { schema: "other" });
  expect(setting("LLMEMORY_HTTP_ADDRESS")).toMatchObject({ value: "127.0.0.1:0", source: "LLMEMORY_HTTP_ADDRESS" });
  expect(setting("LLMEMORY_LOG_LEVEL")).toMatchObject({ value: "warn", source: "LLMEMORY_LOG_LEVEL" });
  expect(setting("LLMEMORY_SCHEMA")).toMatchObject({ value: "other", source: "--schema" });
  expect(setting("LLMEMORY_INSECURE")).toMatchObject({ value: "false", source: "default" });
  expect(setting("LLMEMORY_MODEL_DIR")).toMatchObject({ value: undefined, source: undefined });
});

test("a value that came by another name says which", () => {
  const setting = described({ DATABASE_URL: "postgresql://127.0.0.1/memory" });
  expect(setting("LLMEMORY_DATABASE_URL")).toMatchObject({ value: "postgresql://127.0.0.1/memory", source: "DATABASE_URL" });
});

test.each([
  ["postgresql://ada:hunter2@127.0.0.1:5432/memory", "postgresql://ada:***@127.0.0.1:5432/memory"],
  [
    "postgresql://127.0.0.1/memory?password=hunter2&sslmode=require",
    "postgresql://127.0.0.1/memory?password=***&sslmode=require",
  ],
  ["postgres://ada:hunter2@[", "***"],
  ["postgresql://ada:hunter2@one:1,two:2/memory", "***"],
])("a password within %s is not shown", (url, shown) => {
  expect(described({ DATABASE_URL: url })("LLMEMORY_DATABASE_URL")?.value).toBe(shown);
});

test("nothing that is named as a secret is shown", () => {
  const secrets = Object.values(settingDefinitions).filter(({ variables }) =>
    /(KEY|TOKEN|PASSWORD|SECRET|WEBHOOK_URL)$/.test(variables[0] ?? ""),
  );
  expect(secrets.length).toBeGreaterThan(2);
  for (const { variables } of secrets) {
    const [variable = ""] = variables;
    const shown = described({ [variable]: "https://example.test/hunter2" })(variable);
    expect(shown).toMatchObject({ value: "***", source: variable });
  }
});

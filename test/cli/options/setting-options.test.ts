import { Command } from "commander";
import { expect, it } from "vitest";
import { addSettingOptions, alertSettings, settingsOf } from "../../../src/cli/options/setting-options.ts";
import { InvalidSettingsError } from "../../../src/config/load-settings.ts";
import { type Settings, settingDefinitions, settingFlag } from "../../../src/config/settings.ts";

function parse(args: readonly string[], environment: Record<string, string> = {}): Promise<Settings> {
  const command = addSettingOptions(new Command());
  command.parse([...args], { from: "user" });
  return settingsOf(command, environment);
}

it("prefers the option over the environment over the default", async () => {
  expect((await parse([])).dataDirectory).toBe("./data");
  expect((await parse([], { LLMEMORY_DATA_DIR: "/env" })).dataDirectory).toBe("/env");
  expect((await parse(["--data-dir", "/option"], { LLMEMORY_DATA_DIR: "/env" })).dataDirectory).toBe("/option");
});

it("has switches for what is true or false", async () => {
  expect(await parse([])).toMatchObject({ insecure: false, embedInServe: true });
  expect(await parse(["--insecure", "--no-embed-in-serve"])).toMatchObject({ insecure: true, embedInServe: false });
  expect((await parse([], { LLMEMORY_EMBED_IN_SERVE: "false" })).embedInServe).toBe(false);
});

it("refuses values that the catalogue refuses", async () => {
  await expect(parse(["--db-max-pool-size", "1"])).rejects.toThrow(InvalidSettingsError);
});

it("names every setting in the help, with its environment variable", () => {
  const commands = [addSettingOptions(new Command()), addSettingOptions(new Command(), alertSettings)];
  const help = commands.map((command) => command.helpInformation().replace(/\s+/g, " ")).join("\n");
  for (const [name, { variables }] of Object.entries(settingDefinitions)) {
    expect(help).toContain(settingFlag(name as keyof Settings));
    for (const variable of variables) expect(help).toContain(variable);
  }
});

import { type Command, Option } from "commander";
import { alertSettingDefinitions } from "../../config/alert-settings.ts";
import { loadSettings } from "../../config/load-settings.ts";
import { readConfigFile } from "../../config/read-config-file.ts";
import { variablesOf } from "../../config/setting-variables.ts";
import { type Settings, settingDefinitions, settingFlag } from "../../config/settings.ts";

/** Those of `config`. */
export const allSettings = Object.keys(settingDefinitions) as (keyof Settings)[];

/** Those of `serve`, `worker` and `migrate`. */
const serviceSettings = allSettings.filter((name) => !(name in alertSettingDefinitions));

/** Those of `alert-manager`. */
export const alertSettings = [
  ...allSettings.filter((name) => name in alertSettingDefinitions),
  "logLevel",
  "logDirectory",
] as const;

/** Adds one option per setting, so that the catalogue of settings is also the help of the commands that take them. */
export function addSettingOptions(command: Command, names: readonly (keyof Settings)[] = serviceSettings): Command {
  for (const name of names) command.addOption(settingOption(name));
  return command.option(
    "--config <file>",
    "YAML or JSON file with settings, such as log_level: warn (environment: LLMEMORY_CONFIG_FILE)",
  );
}

/**
 * The settings from the options that were given, then from the environment, then from the configuration file, then the defaults.
 *
 * @param ignored settings that keep their defaults.
 * @throws InvalidSettingsError with every problem.
 */
export async function settingsOf(
  command: Command,
  environment: Readonly<Record<string, string | undefined>>,
  ignored: readonly (keyof Settings)[] = [],
): Promise<Settings> {
  const overrides: Partial<Record<keyof Settings, string>> = {};
  for (const name of allSettings) {
    const key = settingOption(name).attributeName();
    if (command.getOptionValueSource(key) === "cli") overrides[name] = String(command.getOptionValue(key));
  }
  const fileVariable = variablesOf({ variables: ["LLMEMORY_CONFIG_FILE"] }).find((variable) => environment[variable]);
  const path: string | undefined = command.getOptionValue("config") ?? (fileVariable && environment[fileVariable]);
  const file = path === undefined ? undefined : await readConfigFile(path);
  return loadSettings(environment, { overrides, file, ignored });
}

function settingOption(name: keyof Settings): Option {
  const { fallback, description, variables } = settingDefinitions[name];
  const flag = settingFlag(name);
  const isSwitch = fallback === "true" || fallback === "false";
  const standard = isSwitch || fallback === undefined ? "" : `default: ${fallback}; `;
  return new Option(isSwitch ? flag : `${flag} <value>`, `${description} (${standard}environment: ${variables.join(" or ")})`);
}

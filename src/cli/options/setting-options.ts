import { type Command, Option } from "commander";
import { alertSettingDefinitions } from "../../config/alert-settings.ts";
import { loadSettings } from "../../config/load-settings.ts";
import { type Settings, settingDefinitions, settingFlag } from "../../config/settings.ts";

const settingNames = Object.keys(settingDefinitions) as (keyof Settings)[];

/** Those of `serve`, `worker` and `migrate`. */
const serviceSettings = settingNames.filter((name) => !(name in alertSettingDefinitions));

/** Those of `alert-manager`. */
export const alertSettings = [...settingNames.filter((name) => name in alertSettingDefinitions), "logLevel"] as const;

/** Adds one option per setting, so that the catalogue of settings is also the help of the commands that take them. */
export function addSettingOptions(command: Command, names: readonly (keyof Settings)[] = serviceSettings): Command {
  for (const name of names) command.addOption(settingOption(name));
  return command;
}

/**
 * The settings from the options that were given, then from the environment, then the defaults.
 *
 * @throws InvalidSettingsError with every problem.
 */
export function settingsOf(command: Command, environment: Readonly<Record<string, string | undefined>>): Settings {
  const overrides: Partial<Record<keyof Settings, string>> = {};
  for (const name of settingNames) {
    const key = settingOption(name).attributeName();
    if (command.getOptionValueSource(key) === "cli") overrides[name] = String(command.getOptionValue(key));
  }
  return loadSettings(environment, overrides);
}

function settingOption(name: keyof Settings): Option {
  const { fallback, description, variables } = settingDefinitions[name];
  const flag = settingFlag(name);
  const isSwitch = fallback === "true" || fallback === "false";
  const standard = isSwitch || fallback === undefined ? "" : `default: ${fallback}; `;
  return new Option(isSwitch ? flag : `${flag} <value>`, `${description} (${standard}environment: ${variables.join(" or ")})`);
}

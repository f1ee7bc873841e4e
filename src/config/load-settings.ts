import { messageOf } from "../domain/message-of.ts";
import { formerValueOf } from "./former-variables.ts";
import { type ConfigFile, configKey } from "./read-config-file.ts";
import type { SettingDefinition } from "./setting-definition.ts";
import { settingProblems } from "./setting-problems.ts";
import { variablesOf } from "./setting-variables.ts";
import { type Settings, settingDefinitions, settingFlag } from "./settings.ts";
import { unknownVariables } from "./unknown-variables.ts";

/** Settings that cannot be used, all of them at once. */
export class InvalidSettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the settings cannot be used:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "InvalidSettingsError";
    this.problems = problems;
  }
}

/** Where the values of one set of settings came from: `LLMEMORY_SCHEMA`, `--schema`, `llmemory.yaml: schema`, or `default`. */
export type SettingSources = Readonly<Partial<Record<keyof Settings, string>>>;

/** Kept beside the settings, which are handed about without it: only what shows them to people asks. */
const sourcesBySettings = new WeakMap<Settings, SettingSources>();
const warningsBySettings = new WeakMap<Settings, readonly string[]>();

/** @returns nothing for settings that were not loaded. */
export function sourcesOf(settings: Settings): SettingSources {
  return sourcesBySettings.get(settings) ?? {};
}

/** What in the environment has no effect, as sentences to log at start. */
export function settingWarnings(settings: Settings): readonly string[] {
  return warningsBySettings.get(settings) ?? [];
}

/** What settings are loaded from beside the environment. */
export interface SettingInputs {
  /** Values from the command line, as text. */
  readonly overrides?: Partial<Record<keyof Settings, string>>;
  readonly file?: ConfigFile | undefined;
  /** Settings that keep their defaults, whatever is said. */
  readonly ignored?: readonly (keyof Settings)[];
}

/**
 * Reads the settings: from the command line, then the environment, then the file, then the defaults.
 *
 * @param environment usually `process.env`; empty values count as not set.
 * @throws InvalidSettingsError with every problem.
 */
export function loadSettings(environment: Readonly<Record<string, string | undefined>>, inputs: SettingInputs = {}): Settings {
  const problems = [...(inputs.file?.problems ?? [])];
  const settings: Record<string, unknown> = {};
  const sources: Record<string, string> = {};
  for (const [key, definition] of Object.entries(settingDefinitions)) {
    const name = key as keyof Settings;
    const found = inputs.ignored?.includes(name) ? undefined : findValue(name, environment, inputs);
    if (found === undefined && definition.fallback === undefined) continue;
    sources[name] = found?.source ?? "default";
    try {
      settings[name] = parsed(definition, found);
    } catch (error) {
      problems.push(`${found?.source ?? definition.variables[0]} ${messageOf(error)}`);
    }
  }
  problems.push(...settingProblems(settings));
  if (problems.length > 0) throw new InvalidSettingsError(problems);
  const unset = Object.fromEntries(Object.keys(settingDefinitions).map((name) => [name, undefined]));
  // Every definition has either been parsed or is one whose setting may be undefined.
  const loaded = { ...unset, ...settings } as unknown as Settings;
  sourcesBySettings.set(loaded, sources);
  warningsBySettings.set(loaded, unknownVariables(environment));
  return loaded;
}

/** The text of a setting, and where it is from. */
interface FoundValue {
  readonly source: string;
  /** Throws an Error that says what is allowed. */
  readonly text: () => string;
}

function findValue(
  name: keyof Settings,
  environment: Readonly<Record<string, string | undefined>>,
  { overrides, file }: SettingInputs,
): FoundValue | undefined {
  const override = overrides?.[name];
  if (override !== undefined) return { source: settingFlag(name), text: () => override };
  const variable = variablesOf(settingDefinitions[name]).find((candidate) => environment[candidate]);
  if (variable !== undefined) return { source: variable, text: () => environment[variable] ?? "" };
  const former = formerValueOf(name, environment);
  if (former) return { source: former.variable, text: former.text };
  const inFile = file?.values[name];
  return inFile === undefined ? undefined : { source: `${file?.path}: ${configKey(name)}`, text: () => inFile };
}

function parsed({ parse, fallback = "" }: SettingDefinition<unknown>, found: FoundValue | undefined): unknown {
  return parse(found === undefined ? fallback : found.text());
}

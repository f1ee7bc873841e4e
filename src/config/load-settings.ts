import { settingProblems } from "./setting-problems.ts";
import { type Settings, settingDefinitions, settingFlag } from "./settings.ts";

/** Settings that cannot be used, all of them at once. */
export class InvalidSettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the settings cannot be used:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "InvalidSettingsError";
    this.problems = problems;
  }
}

/** Where the values of one set of settings came from: `LLMEMORY_SCHEMA`, `--schema`, or `default`. */
export type SettingSources = Readonly<Partial<Record<keyof Settings, string>>>;

/** Kept beside the settings, which are handed about without it: only what shows them to people asks. */
const sourcesBySettings = new WeakMap<Settings, SettingSources>();

/** @returns nothing for settings that were not loaded. */
export function sourcesOf(settings: Settings): SettingSources {
  return sourcesBySettings.get(settings) ?? {};
}

/**
 * Reads the settings.
 *
 * @param environment usually `process.env`; empty values count as not set.
 * @param overrides   values from the command line, as text, by setting.
 * @throws InvalidSettingsError with every problem.
 */
export function loadSettings(
  environment: Readonly<Record<string, string | undefined>>,
  overrides: Partial<Record<keyof Settings, string>> = {},
): Settings {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  const sources: Record<string, string> = {};
  for (const [name, definition] of Object.entries(settingDefinitions)) {
    const override = overrides[name as keyof Settings];
    const variable = definition.variables.find((candidate) => environment[candidate]);
    const text = override ?? (variable === undefined ? definition.fallback : environment[variable]);
    if (text === undefined) continue;
    const source = override === undefined ? variable : settingFlag(name as keyof Settings);
    sources[name] = source ?? "default";
    try {
      settings[name] = definition.parse(text);
    } catch (error) {
      problems.push(`${source ?? definition.variables[0]} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  problems.push(...settingProblems(settings));
  if (problems.length > 0) throw new InvalidSettingsError(problems);
  const unset = Object.fromEntries(Object.keys(settingDefinitions).map((name) => [name, undefined]));
  // Every definition has either been parsed or is one whose setting may be undefined.
  const loaded = { ...unset, ...settings } as unknown as Settings;
  sourcesBySettings.set(loaded, sources);
  return loaded;
}

import { readFile } from "node:fs/promises";
import { limits } from "../domain/limits.ts";
import { type Settings, settingDefinitions } from "./settings.ts";
import { nearestName } from "./unknown-variables.ts";

/** The settings that a file gives, as text, not parsed yet. */
export interface ConfigFile {
  readonly path: string;
  readonly values: Partial<Record<keyof Settings, string>>;
  /** What is wrong with the file itself; each names the file, and the key or line. */
  readonly problems: readonly string[];
}

/** The name of a setting in a configuration file: that of its variable without the prefix, in lower case. */
export function configKey(name: keyof Settings): string {
  return (settingDefinitions[name].variables[0] ?? name).replace(/^LLMEMORY_/, "").toLowerCase();
}

/**
 * Reads a configuration file: YAML or JSON, which is YAML as well, with one key per setting. Never throws for what is in the file, so that
 * its problems are told with all others.
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const nothing = (problem: string) => ({ path, values: {}, problems: [`${path}: ${problem}`] });
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    return nothing(`cannot be read (${error instanceof Error && "code" in error ? error.code : String(error)})`);
  }
  if (text.length > limits.configFileCharsMax) return nothing(`is longer than ${limits.configFileCharsMax} characters`);
  // Most commands have no file, and loading the parser takes as long as some of them.
  const { LineCounter, parseDocument } = await import("yaml");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter });
  if (document.errors.length > 0) {
    // Not the parser's message, which may repeat the line, and that a key.
    const places = document.errors.map(
      ({ code, pos }) => `${path}: line ${lineCounter.linePos(pos[0]).line} is no YAML (${code})`,
    );
    return { path, values: {}, problems: places };
  }
  let content: unknown;
  try {
    content = document.toJS();
  } catch {
    return nothing("has aliases that cannot be resolved");
  }
  if (content === null || content === undefined) return { path, values: {}, problems: [] };
  if (typeof content !== "object" || Array.isArray(content))
    return nothing("must hold keys with values, such as log_level: warn");
  return readKeys(path, content);
}

function readKeys(path: string, content: object): ConfigFile {
  const settings = new Map((Object.keys(settingDefinitions) as (keyof Settings)[]).map((name) => [configKey(name), name]));
  const values: Partial<Record<keyof Settings, string>> = {};
  const problems: string[] = [];
  for (const [key, value] of Object.entries(content)) {
    const name = settings.get(key);
    const text = settingText(value);
    if (name === undefined) {
      const meant = nearestName(key, [...settings.keys()]);
      problems.push(`${path}: ${key} is no setting${meant === undefined ? "" : `; did you mean ${meant}?`}`);
    } else if (text === undefined) problems.push(`${path}: ${key} must be a text, a number, true or false, or a list of them`);
    else if (text !== "") values[name] = text;
  }
  return { path, values, problems };
}

/** As it would be written in the environment; empty: not set; undefined: it cannot be. */
function settingText(value: unknown): string | undefined {
  if (value === null) return "";
  if (Array.isArray(value)) {
    const texts = value.map(settingText);
    return texts.includes(undefined) ? undefined : texts.join(",");
  }
  return ["string", "number", "boolean"].includes(typeof value) ? String(value) : undefined;
}

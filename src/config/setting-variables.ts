import type { SettingDefinition } from "./setting-definition.ts";

/** What begins the variables of llmemory, and what began those of the library before it; the first wins. */
export const variablePrefixes = ["LLMEMORY_", "AWORD_"] as const;
const [prefix, formerPrefix] = variablePrefixes;

/** Every environment variable that a setting can come by, the one that wins first. */
export function variablesOf({ variables }: Pick<SettingDefinition<unknown>, "variables">): readonly string[] {
  const own = variables.filter((variable) => variable.startsWith(prefix));
  const others = variables.filter((variable) => !variable.startsWith(prefix));
  return [...own, ...own.map((variable) => formerPrefix + variable.slice(prefix.length)), ...others];
}

/** The name of a variable of either prefix without it; undefined: it has neither. */
export function unprefixed(variable: string): string | undefined {
  const found = variablePrefixes.find((candidate) => variable.startsWith(candidate));
  return found === undefined ? undefined : variable.slice(found.length);
}

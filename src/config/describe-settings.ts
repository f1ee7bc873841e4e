import { formatAddress, type ListenAddress } from "./listen-address.ts";
import { sourcesOf } from "./load-settings.ts";
import type { SettingDefinition } from "./setting-definition.ts";
import { type Settings, settingDefinitions } from "./settings.ts";

/** A setting as it may be shown to operators. */
export interface DescribedSetting {
  /** Its first environment variable. */
  readonly variable: string;
  /** As it would be written in the environment, secrets replaced; undefined: not set. */
  readonly value: string | undefined;
  /** The variable or option that it came from, or `default`; undefined: not set. */
  readonly source: string | undefined;
}

const redacted = "***";

/** The settings in force, in the order of the catalogue, without API keys, passwords and addresses that hold tokens. */
export function describeSettings(settings: Settings): readonly DescribedSetting[] {
  const sources = sourcesOf(settings);
  return Object.entries(settingDefinitions).map(([key, definition]: [string, SettingDefinition<unknown>]) => {
    const name = key as keyof Settings;
    const value = settings[name];
    return {
      variable: definition.variables[0] ?? name,
      value: value === undefined ? undefined : definition.isSecret ? redacted : valueText(value),
      source: value === undefined ? undefined : sources[name],
    };
  });
}

function valueText(value: NonNullable<Settings[keyof Settings]>): string {
  if (typeof value !== "string") return isAddress(value) ? formatAddress(value) : String(value);
  return /^postgres(ql)?:/.test(value) ? withoutPassword(value) : value;
}

function isAddress(value: unknown): value is ListenAddress {
  return typeof value === "object" && value !== null && "host" in value && "port" in value;
}

/** Host and database are what operators look for; what is no URL, or has parameters, which may hold secrets as well, is shortened. */
function withoutPassword(databaseUrl: string): string {
  const url = URL.parse(databaseUrl);
  if (!url) return redacted;
  if (url.password !== "") url.password = redacted;
  for (const name of new Set(url.searchParams.keys()))
    if (/pass|key|secret|token/i.test(name)) url.searchParams.set(name, redacted);
  return url.href;
}

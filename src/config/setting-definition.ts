/** How one setting is named, read and described. */
export interface SettingDefinition<T> {
  /** Environment variables, the first that is set and not empty wins. */
  readonly variables: readonly string[];
  /** As it would be written in the environment; undefined: not set. */
  readonly fallback: string | undefined;
  readonly description: string;
  /** Whether it must never be shown. */
  readonly isSecret?: boolean;
  /** Throws an Error that says what is allowed. */
  readonly parse: (text: string) => T;
}

/** A definition of each setting; one that may be undefined has no fallback. */
export type SettingDefinitions<Settings> = {
  readonly [Name in keyof Settings]: SettingDefinition<NonNullable<Settings[Name]>>;
};

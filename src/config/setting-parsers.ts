/** How the text of a setting becomes its value. Each throws an Error that says what is allowed. */

export function databaseUrl(text: string): string {
  if (!/^postgres(ql)?:\/\//.test(text)) throw new Error("must begin with postgresql://");
  return text;
}

export function schemaName(text: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(text))
    throw new Error(`is "${text}"; it must be 1 to 63 of a-z, 0-9 and _, not beginning with a digit`);
  if (text === "public" || text.startsWith("pg_"))
    throw new Error(`is "${text}"; choose a schema that belongs to llmemory alone`);
  return text;
}

/** The text is not repeated, since it may hold a password. */
export function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new Error("must be a URL that begins with http:// or https://");
  if (url.username || url.password) throw new Error("must not hold a user or password; use the variable of the API key");
  if (url.search || url.hash) throw new Error("must not hold ? or #");
  return text.replace(/\/+$/, "");
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new Error(`is "${text}"; it must be a whole number from ${min} to ${max}`);
    return value;
  };
}

export function trueOrFalse(text: string): boolean {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  throw new Error(`is "${text}"; it must be true or false`);
}

export function oneOf<const T extends string>(values: readonly T[]): (text: string) => T {
  return (text) => {
    const value = values.find((candidate) => candidate === text.toLowerCase());
    if (value === undefined) throw new Error(`is "${text}"; it must be one of ${values.join(", ")}`);
    return value;
  };
}

/** Letters that owners may have, and that other systems take in their keys. */
export function identifier(charsMax: number): (text: string) => string {
  return (text) => {
    if (!/^[A-Za-z0-9_.-]+$/.test(text) || text.length > charsMax)
      throw new Error(`is "${text}"; it must be 1 to ${charsMax} of A-Z, a-z, 0-9, _, . and -`);
    return text;
  };
}

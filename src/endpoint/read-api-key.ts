import { readFile } from "node:fs/promises";
import { StartupError } from "../domain/errors.ts";

export interface ApiKeySource {
  readonly apiKey: string | undefined;
  /** Holds the key instead. */
  readonly apiKeyFile: string | undefined;
  /** The setting that names the file, for messages. */
  readonly fileVariable: string;
}

/**
 * The key of an endpoint, from the settings or from a file.
 *
 * @returns undefined if there is none.
 * @throws StartupError for a file that cannot be read or is empty.
 */
export async function readApiKey({ apiKey, apiKeyFile, fileVariable }: ApiKeySource): Promise<string | undefined> {
  if (apiKeyFile === undefined) return apiKey;
  const text = await readFile(apiKeyFile, "utf8").catch((cause: unknown) => {
    throw new StartupError(`the file of ${fileVariable}, ${apiKeyFile}, cannot be read`, { cause });
  });
  const keyOfFile = text.trim();
  if (keyOfFile === "") throw new StartupError(`the file of ${fileVariable}, ${apiKeyFile}, is empty`);
  return keyOfFile;
}

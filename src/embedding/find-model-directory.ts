import { dirname, join } from "node:path";
import { StartupError } from "../domain/errors.ts";
import { packagedModelDirectory } from "./model-files.ts";
import { readModelManifest } from "./model-manifest.ts";

/**
 * Where the files of a local model are on this machine: in the directory of the settings, in one of the model's name beside it, or with
 * llmemory. A database remembers names and no places, since its processes may run on different machines.
 *
 * @throws StartupError if none of them has a manifest with this name.
 */
export async function findModelDirectory(name: string, configured: string | undefined): Promise<string> {
  // A name that leads elsewhere is none.
  const beside = /^[\w.-]+$/.test(name) ? [join(dirname(configured ?? packagedModelDirectory), name)] : [];
  const places = [...(configured === undefined ? [] : [configured]), ...beside, packagedModelDirectory];
  for (const place of places) {
    const manifest = await readModelManifest(place).catch(() => undefined);
    if (manifest?.name === name) return place;
  }
  throw new StartupError(
    `the files of the local model ${name} are in none of ${[...new Set(places)].join(", ")}; put them into a directory of that name ` +
      "beside the one that LLMEMORY_MODEL_DIR names",
    { details: { model: name } },
  );
}

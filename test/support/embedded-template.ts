import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import packageFile from "../../package.json" with { type: "json" };
import { repositoryDirectory } from "../../scripts/toolchains.ts";

/**
 * The files of an embedded database that is created but holds nothing. Tests copy them, which takes 0.1 s where creating takes 4; they
 * are kept between runs.
 */
export interface EmbeddedTemplate {
  readonly directory: string;
  /** The version, for people. */
  readonly description: string;
}

export async function prepareEmbeddedTemplate(): Promise<EmbeddedTemplate> {
  const version = packageFile.dependencies["@electric-sql/pglite"];
  const cacheDirectory = join(repositoryDirectory, "node_modules", ".cache", "llmemory");
  const directory = join(cacheDirectory, `pglite-${version}`);
  if (!existsSync(directory)) {
    mkdirSync(cacheDirectory, { recursive: true });
    await createTemplate(mkdtempSync(join(cacheDirectory, "new-")), directory);
  }
  return { directory, description: `embedded (PGlite ${version})` };
}

/** Creates it aside first, so that a run that is interrupted leaves no half template behind. */
async function createTemplate(temporaryDirectory: string, directory: string): Promise<void> {
  const database = await PGlite.create({ dataDir: temporaryDirectory });
  await database.close();
  try {
    renameSync(temporaryDirectory, directory);
  } catch (error) {
    rmSync(temporaryDirectory, { recursive: true, force: true });
    // Another run may have been faster.
    if (!existsSync(directory)) throw error;
  }
}

import type { TestProject } from "vitest/node";
import { prepareEmbeddedTemplate } from "./embedded-template.ts";

/** Set-up of `npm test`: nothing but Node. */
export async function setup(project: TestProject): Promise<void> {
  const embedded = await prepareEmbeddedTemplate();
  console.log(`databases of this run: ${embedded.description}`);
  project.provide("embeddedTemplate", embedded.directory);
}

import type { TestProject } from "vitest/node";
import { requireToolchains } from "../../scripts/toolchains.ts";
import { prepareEmbeddedTemplate } from "./embedded-template.ts";
import { describePostgres, startPostgres } from "./postgres/postgres-server.ts";

/** Set-up of `npm run test:all`: a toolchain or a database that is missing fails the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  requireToolchains();
  const embedded = await prepareEmbeddedTemplate();
  const postgres = await startPostgres();
  await using started = new AsyncDisposableStack();
  started.defer(postgres.stop);
  console.log(`databases of this run: ${embedded.description}, ${await describePostgres(postgres)}`);
  project.provide("embeddedTemplate", embedded.directory);
  project.provide("postgresUrl", postgres.url);
  const running = started.move();
  return () => running.disposeAsync();
}

import { spawnSync } from "node:child_process";
import { messageOf } from "../../../src/domain/message-of.ts";
import type { PostgresServer } from "./postgres-server.ts";
import { initdbOptions, serverOptions } from "./server-settings.ts";

const image = "pgvector/pgvector:pg18";

/** Docker either answers at once or is not there; a hanging daemon must not hold up the run. */
const dockerAnswerMs = 3_000;

/** PostgreSQL in a container; undefined where Docker does not answer or the image cannot be had. */
export async function startPostgresContainer(settings: readonly string[]): Promise<PostgresServer | undefined> {
  const docker = spawnSync("docker", ["info", "--format", "{{.ServerVersion}}"], { timeout: dockerAnswerMs });
  if (docker.error || docker.status !== 0) return undefined;
  // Loaded only here: it takes most of a second.
  const { PostgreSqlContainer } = await import("@testcontainers/postgresql");
  try {
    const container = await new PostgreSqlContainer(image)
      .withEnvironment({ POSTGRES_INITDB_ARGS: initdbOptions.join(" ") })
      .withCommand(["postgres", ...serverOptions(settings)])
      .start();
    const stop = async () => {
      await container.stop();
    };
    return { url: container.getConnectionUri(), source: `container ${image}`, stop };
  } catch (error) {
    console.log(`Docker answers, but ${image} does not start: ${messageOf(error)}`);
    return undefined;
  }
}

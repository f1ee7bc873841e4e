import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createHashingEmbedder } from "../../src/embedding/hashing-embedder.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import type { Database } from "../../src/storage/database.ts";
import { PostgresDatabase } from "../../src/storage/postgres-database.ts";
import { silentLogger } from "../support/test-storage.ts";

/** An embedder that a test can break: `fails` rejects, `hangs` never answers and looks at no signal. */
export interface BreakableProvider extends EmbeddingProvider {
  state: "answers" | "fails" | "hangs";
}

export function createBreakableProvider(): BreakableProvider {
  const provider = createHashingEmbedder({ dimension: 8 });
  const breakable: BreakableProvider = {
    ...provider,
    state: "answers",
    embed: (...call) => {
      if (breakable.state === "hangs") return new Promise(() => {});
      if (breakable.state === "fails") return Promise.reject(new Error("the model cannot answer"));
      return provider.embed(...call);
    },
  };
  return breakable;
}

/** A server that takes connections and never answers, as a machine does whose disk hangs. */
export async function startSilentServer(): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** The real pool on a port of this machine, where nothing, or nothing useful, may listen. */
export function openPoolAt(port: number): Database {
  return new PostgresDatabase(
    { metrics: createMetrics({ ownerLabels: true, version: "test" }), logger: silentLogger },
    {
      kind: "postgres",
      connection: { connectionString: `postgresql://llmemory:hunter2@127.0.0.1:${port}/llmemory` },
      poolSizeMax: 2,
      schema: "llmemory",
      slowQueryMs: 1_000,
    },
  );
}

import { setFlagsFromString } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";

/**
 * The thread in which the embedded PostgreSQL runs and answers on a socket. All sockets share one session, so the pool on the other
 * side has one connection; a second place is kept for the moment in which that one is being replaced.
 */
export interface EmbeddedDatabaseThreadData {
  readonly dataDirectory: string;
  readonly listen: { readonly path: string } | { readonly host: string; readonly port: number };
}

export type EmbeddedDatabaseThreadMessage =
  | { readonly type: "listening"; readonly port: number | undefined }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "closed" };

// Compiling PostgreSQL's WebAssembly on one thread instead of on all saves about 25 MB for good and costs no time that could be
// measured; it must be said before the first module is compiled.
setFlagsFromString("--wasm-num-compilation-tasks=1");
const [{ PGlite }, { vector }, { PGLiteSocketServer }] = await Promise.all([
  import("@electric-sql/pglite"),
  import("@electric-sql/pglite-pgvector"),
  import("@electric-sql/pglite-socket"),
]);

const { dataDirectory, listen }: EmbeddedDatabaseThreadData = workerData;
const post = (message: EmbeddedDatabaseThreadMessage) => parentPort?.postMessage(message);

try {
  const database = await PGlite.create({ dataDir: dataDirectory, extensions: { vector } });
  const server = new PGLiteSocketServer({ db: database, maxConnections: 2, ...listen });
  await server.start();
  const port = "port" in listen ? Number(server.getServerConn().split(":").at(-1)) : undefined;
  parentPort?.once("message", async () => {
    await server.stop();
    await database.close();
    post({ type: "closed" });
    parentPort?.close();
  });
  post({ type: "listening", port });
} catch (error) {
  post({ type: "failed", message: error instanceof Error ? error.message : String(error) });
}

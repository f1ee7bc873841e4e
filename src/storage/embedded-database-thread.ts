import { setFlagsFromString } from "node:v8";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../domain/message-of.ts";

/** The thread in which the embedded PostgreSQL runs and answers the connections of the driver: see `embedded-connection.ts`. */
export interface EmbeddedDatabaseThreadData {
  readonly dataDirectory: string;
}

export type EmbeddedDatabaseThreadRequest =
  /** What comes on the port is the driver's, and is answered there. */
  { readonly type: "connect"; readonly port: MessagePort } | { readonly type: "stop" };

export type EmbeddedDatabaseThreadMessage =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "closed" };

/** Long answers are sent in parts of at least so many bytes. */
const partBytesMin = 256 * 1_024;

// Compiling PostgreSQL's WebAssembly on one thread instead of on all saves about 25 MB for good and costs no time that could be
// measured; it must be said before the first module is compiled.
setFlagsFromString("--wasm-num-compilation-tasks=1");
const [{ PGlite }, { vector }] = await Promise.all([import("@electric-sql/pglite"), import("@electric-sql/pglite-pgvector")]);

const { dataDirectory }: EmbeddedDatabaseThreadData = workerData;
const post = (message: EmbeddedDatabaseThreadMessage) => parentPort?.postMessage(message);

try {
  const database = await PGlite.create({ dataDir: dataDirectory, extensions: { vector } });
  // All connections share the one session: while a transaction is open, what others send waits.
  let inTransaction: MessagePort | undefined;
  let hasEnded = false;
  let waiting: { readonly port: MessagePort; readonly bytes: Uint8Array }[] = [];

  const answer = async (port: MessagePort, bytes: Uint8Array) => {
    if (inTransaction !== undefined && inTransaction !== port) {
      waiting.push({ port, bytes });
      return;
    }
    let parts: Buffer[] = [];
    let size = 0;
    const send = () => {
      if (size > 0) port.postMessage(new Uint8Array(Buffer.concat(parts)));
      parts = [];
      size = 0;
    };
    const onRawData = (part: Uint8Array) => {
      parts.push(Buffer.from(part));
      size += part.length;
      if (size >= partBytesMin) send();
    };
    try {
      // Runs to its end before it returns; the files need no further call.
      await database.execProtocolRawStream(bytes, { syncToFs: false, onRawData });
    } catch (error) {
      // Not a failed statement, which is answered, but the end of PostgreSQL, such as on a full disk.
      if (!hasEnded) post({ type: "failed", message: messageOf(error) });
      hasEnded = true;
      port.close();
      return;
    }
    send();
    inTransaction = database.isInTransaction() ? port : undefined;
    await answerWaiting();
  };
  const answerWaiting = async () => {
    if (inTransaction !== undefined) return;
    const [first, ...others] = waiting;
    waiting = others;
    if (first) await answer(first.port, first.bytes);
  };
  const connect = (port: MessagePort) => {
    if (hasEnded) return port.close();
    port.on("message", (bytes: Uint8Array) => answer(port, bytes));
    port.on("close", async () => {
      waiting = waiting.filter((request) => request.port !== port);
      if (inTransaction !== port || hasEnded) return;
      await database.exec("rollback");
      inTransaction = undefined;
      await answerWaiting();
    });
  };
  parentPort?.on("message", async (request: EmbeddedDatabaseThreadRequest) => {
    if (request.type === "connect") return connect(request.port);
    await database.close();
    post({ type: "closed" });
    parentPort?.close();
  });
  post({ type: "ready" });
} catch (error) {
  post({ type: "failed", message: messageOf(error) });
}

import { Duplex } from "node:stream";
import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import type { EmbeddedDatabaseThreadRequest } from "./embedded-database-thread.ts";

/**
 * The driver's connection to the embedded database: what it would write to a socket goes to the database's thread as messages. Each
 * read and write of a socket is a system call, which took a tenth of a search; and nobody else can connect to this.
 */
export class EmbeddedConnection extends Duplex {
  readonly #thread: Worker;
  readonly #port: MessagePort;
  readonly #threadsPort: MessagePort;

  constructor(thread: Worker) {
    super();
    this.#thread = thread;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#threadsPort = port2;
    port1.on("message", (bytes: Uint8Array) => this.push(Buffer.from(bytes.buffer)));
    // Whichever side closed it; or the thread has ended.
    port1.on("close", () => this.destroy());
  }

  /** The driver calls this, and those below, as it would of a socket. */
  connect(): void {
    const request: EmbeddedDatabaseThreadRequest = { type: "connect", port: this.#threadsPort };
    this.#thread.postMessage(request, [this.#threadsPort]);
    process.nextTick(() => this.emit("connect"));
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}

  ref(): void {
    this.#port.ref();
  }

  unref(): void {
    this.#port.unref();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#send([chunk], done);
  }

  /** The driver writes all of a statement at once, and the database answers it in one go. */
  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: () => void): void {
    this.#port.close();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#port.close();
    done(error);
  }

  #send(chunks: readonly Buffer[], done: () => void): void {
    // In memory of its own: a message takes along all that its buffer is a part of.
    const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#port.postMessage(bytes, [bytes.buffer]);
    done();
  }
}

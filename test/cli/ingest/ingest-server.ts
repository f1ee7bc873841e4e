import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { BadRequestSchema, ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import {
  type AddDocumentRequest,
  IngestDocumentsResponseSchema,
  type IngestFailure,
  IngestFailureSchema,
  IngestItemSchema,
  MemoryService,
} from "#gen/llmemory/v1/memory_service_pb.js";

/** What the service does with one connection, besides storing documents. */
export interface ConnectionScript {
  /** Breaks the TCP connection when this sequence arrives, before it is durable. */
  readonly breakAt?: number;
  /** Sends Drain when this sequence arrives, commits what it has and ends the stream. */
  readonly drainAt?: number;
  /** Refuses the stream with this error. */
  readonly refuse?: ConnectError;
}

/**
 * An in-memory service that speaks the ingest protocol over real HTTP/2: durable after each batch, failures for documents without
 * content, positions kept over connections.
 */
export class IngestServer implements AsyncDisposable {
  /** By id at origin. */
  readonly documents = new Map<string, AddDocumentRequest>();
  /** Every sequence in the order of arrival, over all connections. */
  readonly received: number[] = [];
  readonly acknowledged: number[] = [];
  readonly streamIds: string[] = [];
  /** What a client did that the contract forbids. */
  readonly violations: string[] = [];
  readonly scripts: ConnectionScript[] = [];
  window = { items: 4, bytes: 1_000_000n };
  /** Windows that are sent after the batch with this sequence is durable. */
  readonly windows = new Map<number, { items: number; bytes: bigint }>();
  readonly #inFlight: { readonly sequence: number; readonly items: number }[] = [];
  batchItems = 3;
  readonly #durable = new Map<string, number>();
  readonly #failures = new Map<string, IngestFailure[]>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #server: Http2Server;

  private constructor() {
    this.#server = createServer(
      connectNodeAdapter({
        routes: (router) => {
          router.service(MemoryService, this.#memoryService());
          router.service(AdminService, { getEmbeddingQueue: () => ({ totalSize: 0n }) });
        },
      }),
    );
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
    });
  }

  static async start(): Promise<IngestServer> {
    const server = new IngestServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  /** How many items were in flight at most when one of these sequences had arrived. */
  mostInFlight(first: number, last: number): number {
    const items = this.#inFlight.filter(({ sequence }) => sequence >= first && sequence <= last).map((sample) => sample.items);
    return Math.max(0, ...items);
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#breakConnections();
    await closed;
  }

  #breakConnections(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #memoryService(): Partial<ServiceImpl<typeof MemoryService>> {
    const server = this;
    return {
      listDocuments: ({ filter }) => ({
        documents: (filter?.idsAtOrigin ?? []).filter((id) => server.documents.has(id)).map((idAtOrigin) => ({ idAtOrigin })),
      }),
      async *ingestDocuments(requests) {
        const script = server.scripts.shift() ?? {};
        if (script.refuse) throw script.refuse;
        const messages = requests[Symbol.asyncIterator]();
        const first = (await messages.next()).value?.message;
        if (first?.case !== "open") throw new ConnectError("the first message must be Open", Code.InvalidArgument);
        const { streamId } = first.value;
        server.streamIds.push(streamId);
        yield server.#durableMessage(streamId, server.#failures.get(streamId) ?? []);
        yield create(IngestDocumentsResponseSchema, { message: { case: "window", value: server.window } });
        let inFlight: { sequence: number; bytes: number }[] = [];
        for (;;) {
          // What does not come within a moment is not on its way: the client waits for this batch to become durable.
          const next = messages.next();
          const isQuiet = inFlight.length > 0 && (await Promise.race([next, quiet()])) === "quiet";
          if (isQuiet || inFlight.length >= server.batchItems) {
            const failed = server.#commit(streamId, inFlight);
            inFlight = [];
            const window = server.#nextWindow(streamId);
            if (window) {
              server.window = window;
              // Before the position, so that what the client sends then has heard of it.
              yield create(IngestDocumentsResponseSchema, { message: { case: "window", value: window } });
            }
            yield server.#durableMessage(streamId, failed);
            yield server.#indexedMessage(streamId);
          }
          const message = await next;
          if (message.done) break;
          const { message: request } = message.value;
          if (request.case === "ack") {
            server.acknowledged.push(Number(request.value.upToSequence));
            const left = (server.#failures.get(streamId) ?? []).filter(({ sequence }) => sequence > request.value.upToSequence);
            server.#failures.set(streamId, left);
          }
          if (request.case !== "item") continue;
          const sequence = Number(request.value.sequence);
          if (sequence === script.breakAt) server.#breakConnections();
          server.#receive({ sequence, document: request.value.document, streamId, inFlight: inFlight.length });
          inFlight.push({ sequence, bytes: toBinary(IngestItemSchema, request.value).byteLength });
          server.#inFlight.push({ sequence, items: inFlight.length });
          server.#checkWindow(inFlight);
          if (sequence === script.drainAt) {
            const retryAfter = { seconds: 0n, nanos: 1_000_000 };
            yield create(IngestDocumentsResponseSchema, { message: { case: "drain", value: { retryAfter } } });
            yield server.#durableMessage(streamId, server.#commit(streamId, inFlight));
            return;
          }
        }
        if (inFlight.length > 0) yield server.#durableMessage(streamId, server.#commit(streamId, inFlight));
      },
    };
  }

  readonly #pending = new Map<number, AddDocumentRequest | undefined>();

  #receive(item: { sequence: number; document: AddDocumentRequest | undefined; streamId: string; inFlight: number }): void {
    const expected = (this.#durable.get(item.streamId) ?? 0) + item.inFlight + 1;
    if (item.sequence !== expected) this.violations.push(`sequence ${item.sequence} came instead of ${expected}`);
    this.received.push(item.sequence);
    this.#pending.set(item.sequence, item.document);
  }

  #checkWindow(inFlight: readonly { bytes: number }[]): void {
    const bytes = inFlight.reduce((sum, item) => sum + item.bytes, 0);
    if (inFlight.length > this.window.items) this.violations.push(`${inFlight.length} items are in flight`);
    if (inFlight.length > 1 && bytes > this.window.bytes) this.violations.push(`${bytes} bytes are in flight`);
  }

  #commit(streamId: string, items: readonly { sequence: number }[]): IngestFailure[] {
    const failures: IngestFailure[] = [];
    for (const { sequence } of items) {
      const document = this.#pending.get(sequence);
      if (document?.content) this.documents.set(document.idAtOrigin, document);
      else failures.push(emptyContent(sequence, document?.idAtOrigin ?? ""));
      this.#durable.set(streamId, sequence);
    }
    this.#failures.set(streamId, [...(this.#failures.get(streamId) ?? []), ...failures]);
    return failures;
  }

  #indexedMessage(streamId: string) {
    const upToSequence = BigInt(this.#durable.get(streamId) ?? 0);
    return create(IngestDocumentsResponseSchema, { message: { case: "indexed", value: { upToSequence } } });
  }

  #nextWindow(streamId: string) {
    const durableUpTo = this.#durable.get(streamId) ?? 0;
    for (const [sequence, window] of this.windows) {
      if (sequence > durableUpTo) continue;
      this.windows.delete(sequence);
      return window;
    }
    return undefined;
  }

  #durableMessage(streamId: string, failures: readonly IngestFailure[]) {
    const upToSequence = BigInt(this.#durable.get(streamId) ?? 0);
    return create(IngestDocumentsResponseSchema, {
      message: { case: "durable", value: { upToSequence, failures: [...failures] } },
    });
  }
}

function emptyContent(sequence: number, idAtOrigin: string): IngestFailure {
  const badRequest = create(BadRequestSchema, { fieldViolations: [{ field: "content", description: "must not be empty" }] });
  const details = [
    anyPack(BadRequestSchema, badRequest),
    anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: "INVALID_INPUT" })),
  ];
  const error = create(StatusSchema, { code: Code.InvalidArgument, message: "content: must not be empty", details });
  return create(IngestFailureSchema, { sequence: BigInt(sequence), idAtOrigin, error });
}

function quiet(): Promise<"quiet"> {
  return new Promise((resolve) => setTimeout(resolve, 20, "quiet"));
}

import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  constants,
  createServer as createHttp2Server,
  createSecureServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
} from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { Code, type ConnectRouter, type ContextValues, createContextValues, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { ListenAddress } from "../config/listen-address.ts";
import { StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { messageOf } from "../domain/message-of.ts";
import { errorDetailTypes } from "../interceptors/error-translation.ts";
import { isObserved } from "../interceptors/request-context.ts";
import { leaveSurrogatesToValidation } from "../interceptors/text-encoding.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import { spellMessagesAsGrpc } from "./grpc-message.ts";
import { followTlsFiles, readTlsCertificate, type TlsFiles } from "./tls-certificate.ts";

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;
export type RequestHandler = (request: Request, response: Response) => void;

/**
 * The handler of all RPCs, for both listeners. What the framework refuses by itself, such as a message that is too large or cannot
 * be decoded or a method that does not exist, reaches no interceptor; it is counted here.
 */
export function rpcHandler(options: {
  routes: (router: ConnectRouter) => void;
  interceptors: Interceptor[];
  metrics: Metrics;
}): RequestHandler {
  leaveSurrogatesToValidation();
  const valuesOf = new WeakMap<Request, ContextValues>();
  const handle = connectNodeAdapter({
    routes: options.routes,
    interceptors: options.interceptors,
    contextValues: (request) => valuesOf.get(request) ?? createContextValues(),
    readMaxBytes: limits.requestBytesMax,
    writeMaxBytes: limits.requestBytesMax,
    compressMinBytes: limits.compressedReplyBytesMin,
    // A misspelt field of a JSON request is refused rather than ignored, a reply has all its fields, zeros included, and it can
    // hold the details of an error.
    jsonOptions: { ignoreUnknownFields: false, alwaysEmitImplicit: true, registry: errorDetailTypes },
  });
  return (request, response) => {
    const values = createContextValues();
    valuesOf.set(request, values);
    if ("stream" in response) {
      spellMessagesAsGrpc(response);
      // A request that is answered before it came in whole, since it is too large, would stay open and hold what was sent of it.
      // Its client is told to stop, as HTTP/2 has it (RFC 9113, 8.1), once the reply's last frame is on its way.
      const { stream } = response;
      const stopClient = () => stream.readableEnded || stream.destroy();
      stream.once("wantTrailers", () => setImmediate(stopClient));
    }
    response.once("close", () => {
      if (isObserved(values)) return;
      options.metrics.grpcHandled.inc({
        grpc_service: "unknown",
        grpc_method: "unknown",
        grpc_type: "unknown",
        grpc_code: codeOf(response),
      });
    });
    try {
      handle(request, response);
    } catch {
      // The framework throws for what has no address, such as a host that is none; uncaught, that would end the process.
      response.statusCode = 400;
      response.end();
    }
  };
}

/** What the client was told: a gRPC status in the trailers, or in the headers if there was nothing else, or an HTTP status. */
function codeOf(response: Response): string {
  if ("stream" in response && response.stream) {
    const { sentTrailers, sentHeaders } = response.stream;
    const status = Number(sentTrailers?.["grpc-status"] ?? sentHeaders?.["grpc-status"]);
    if (status > 0) return Code[status] ?? "Unknown";
  }
  return httpCodes[response.statusCode] ?? "Unknown";
}

/** What the framework answers by itself where there is no gRPC status: over Connect, and to what is no RPC at all. */
const httpCodes: Readonly<Record<number, string>> = {
  400: "InvalidArgument",
  404: "Unimplemented",
  405: "Unimplemented",
  415: "Unimplemented",
  429: "ResourceExhausted",
  500: "Internal",
  501: "Unimplemented",
  505: "Unimplemented",
};

export interface Listener {
  /** With the port that was taken. */
  readonly address: ListenAddress;
  /** Takes no new connections, waits for requests under way, and cuts what is left after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * Listens for HTTP/2, as gRPC clients speak it.
 *
 * @param tls undefined: in the clear.
 * @throws StartupError
 */
export async function listenHttp2(
  address: ListenAddress,
  handler: RequestHandler,
  tls?: { readonly files: TlsFiles; readonly logger: Logger },
): Promise<Listener> {
  const options = {
    // A stream may hold a whole request before it is decoded, and a session several.
    maxSessionMemory: 128,
    // The default window of 64 KiB would make a large request wait for a round trip every 64 KiB.
    settings: { initialWindowSize: 1024 * 1024, maxConcurrentStreams: 256 },
  };
  if (!tls) return await listenForSessions(createHttp2Server(options, handler), address);

  const certificate = await readTlsCertificate(tls.files);
  const { context, expiresAt } = certificate;
  const requestCert = tls.files.tlsClientCaFile !== undefined;
  const handshakeTimeout = limits.tlsHandshakeMs;
  const server = createSecureServer({ ...options, ...context, requestCert, handshakeTimeout }, handler);
  // As often the doing of a port scanner as of a client that lacks a certificate.
  server.on("tlsClientError", (error) => tls.logger.debug({ err: error }, "a TLS handshake failed"));
  const listener = await listenForSessions(server, address);
  tls.logger.info({ expires_at: expiresAt, client_certificates: requestCert }, "gRPC is encrypted");
  const stopFollowing = followTlsFiles(tls, certificate, (renewed) => server.setSecureContext(renewed.context));
  return {
    address: listener.address,
    async close(graceMs) {
      stopFollowing();
      await listener.close(graceMs);
    },
  };
}

async function listenForSessions(server: Http2Server | Http2SecureServer, address: ListenAddress): Promise<Listener> {
  const sessions = new Set<Http2Session>();
  server.on("session", (session) => {
    session.setLocalWindowSize(4 * 1024 * 1024);
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  return await listen(server, address, {
    endGracefully: () => {
      for (const session of sessions) session.close();
    },
    // Each stream is told that it is cut: of a connection that just ends, connect-node sometimes does not notice it, and waits for ever.
    cut: () => {
      for (const session of sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
    },
  });
}

/** Listens for HTTP/1.1: Connect and gRPC-Web, metrics and health. */
export async function listenHttp1(
  address: ListenAddress,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listener> {
  const server = createHttpServer(handler);
  return await listen(server, address, {
    endGracefully: () => server.closeIdleConnections(),
    cut: () => server.closeAllConnections(),
  });
}

async function listen(
  server: Server,
  address: ListenAddress,
  connections: { readonly endGracefully: () => void; readonly cut: () => void },
): Promise<Listener> {
  server.listen(address.port, address.host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new StartupError(`cannot listen on ${address.host}:${address.port}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: address.host, port },
    async close(graceMs) {
      const closed = once(server, "close");
      server.close();
      connections.endGracefully();
      const timer = setTimeout(connections.cut, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

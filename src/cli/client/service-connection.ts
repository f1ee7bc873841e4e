import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import { MemoryService } from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchService } from "#gen/llmemory/v1/search_service_pb.js";
import { formatAddress, parseListenAddress } from "../../config/listen-address.ts";
import { messageOf } from "../../domain/message-of.ts";
import { UserError } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ConnectionTls } from "./connection-tls.ts";

/** How long a call may take that does not wait for embeddings. */
export const callTimeoutMs = 30_000;

/** Clients of every service at one address, over one HTTP/2 connection that is opened by the first call. */
export interface ServiceConnection {
  /** As `host:port`, or `https://host:port`: for messages, and to connect again. */
  readonly address: string;
  readonly memory: Client<typeof MemoryService>;
  readonly search: Client<typeof SearchService>;
  readonly admin: Client<typeof AdminService>;
  readonly health: Client<typeof Health>;
  close(): void;
}

/**
 * Prepares a connection; nothing is sent yet.
 *
 * @param address `host:port`, with `https://` or `http://` before it or not; an address for listening on all interfaces stands for this
 *        machine.
 * @param tls if it is there, the connection is over TLS, unless the address says `http://`.
 * @throws UserError if it is not an address.
 */
export function connectToService(address: string, tls?: ConnectionTls): ServiceConnection {
  const [, scheme = tls ? "https" : "http", hostAndPort = ""] = /^(?:(https?):\/\/)?(.*?)\/?$/s.exec(address) ?? [];
  const authority = reachableAuthority(hostAndPort);
  const baseUrl = `${scheme}://${authority}`;
  // The pings notice a machine that has gone away while a long stream is quiet.
  const sessionManager = new Http2SessionManager(baseUrl, { pingIntervalMs: 10_000, pingTimeoutMs: 10_000 }, tls);
  const transport = createGrpcTransport({ baseUrl, sessionManager });
  return {
    address: scheme === "https" ? baseUrl : authority,
    memory: createClient(MemoryService, transport),
    search: createClient(SearchService, transport),
    admin: createClient(AdminService, transport),
    health: createClient(Health, transport),
    close: () => sessionManager.abort(),
  };
}

function reachableAuthority(text: string): string {
  let address: ReturnType<typeof parseListenAddress>;
  try {
    address = parseListenAddress(text);
  } catch (error) {
    throw new UserError(`the address of the service ${messageOf(error)}`, exitCodes.usage, {
      cause: error,
    });
  }
  if (address.port === 0)
    throw new UserError(
      `the address of the service is "${text}"; port 0 is for listening, give the port that it printed`,
      exitCodes.usage,
    );
  const host = address.host === "0.0.0.0" ? "127.0.0.1" : address.host === "::" ? "::1" : address.host;
  return formatAddress({ host, port: address.port });
}

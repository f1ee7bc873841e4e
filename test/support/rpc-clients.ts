import { Agent } from "node:http";
import { createRegistry } from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { BadRequestSchema, ErrorInfoSchema, RequestInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import { MemoryService } from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchService } from "#gen/llmemory/v1/search_service_pb.js";
import type { ServiceAddresses } from "./service.ts";

/** The protocols that the service speaks; gRPC needs HTTP/2. */
export type Protocol = "gRPC" | "gRPC-Web" | "gRPC-Web over HTTP/1.1" | "Connect" | "Connect over HTTP/1.1" | "Connect JSON";

/** What connect-node takes without settings of its own is unbounded; gRPC clients take 4 MiB, and so do these. */
const readMaxBytes = 4 * 1024 * 1024;

/** A JSON client must know the types of what a Status may hold. */
const jsonOptions = { registry: createRegistry(BadRequestSchema, ErrorInfoSchema, RequestInfoSchema, RetryInfoSchema) };

/** Clients of every service over one connection. */
export interface RpcClients {
  readonly memory: Client<typeof MemoryService>;
  readonly search: Client<typeof SearchService>;
  readonly admin: Client<typeof AdminService>;
  readonly health: Client<typeof Health>;
  readonly reflection: Client<typeof ServerReflection>;
  readonly transport: Transport;
  /** Cuts the connection, calls under way included. */
  readonly close: () => void;
}

export function connectTo(service: ServiceAddresses, protocol: Protocol = "gRPC"): RpcClients {
  const { transport, close } = openTransport(service, protocol);
  return {
    memory: createClient(MemoryService, transport),
    search: createClient(SearchService, transport),
    admin: createClient(AdminService, transport),
    health: createClient(Health, transport),
    reflection: createClient(ServerReflection, transport),
    transport,
    close,
  };
}

function openTransport(service: ServiceAddresses, protocol: Protocol): { transport: Transport; close: () => void } {
  if (protocol.endsWith("HTTP/1.1")) {
    const agent = new Agent({ keepAlive: true });
    const options = {
      baseUrl: `http://${service.httpAddress}`,
      httpVersion: "1.1",
      nodeOptions: { agent },
      readMaxBytes,
    } as const;
    const transport = protocol.startsWith("gRPC-Web") ? createGrpcWebTransport(options) : createConnectTransport(options);
    return { transport, close: () => agent.destroy() };
  }
  const baseUrl = `http://${service.grpcAddress}`;
  // Node's default of 10 MB makes a client refuse the reply to a larger request if it comes before the whole request is sent.
  const sessionManager = new Http2SessionManager(baseUrl, {}, { maxSessionMemory: 64 });
  const options = { baseUrl, sessionManager, readMaxBytes, jsonOptions };
  const close = () => sessionManager.abort();
  if (protocol === "gRPC") return { transport: createGrpcTransport(options), close };
  if (protocol === "gRPC-Web") return { transport: createGrpcWebTransport({ ...options, httpVersion: "2" }), close };
  const useBinaryFormat = protocol === "Connect";
  return { transport: createConnectTransport({ ...options, httpVersion: "2", useBinaryFormat }), close };
}

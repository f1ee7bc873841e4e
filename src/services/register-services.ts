import type { ConnectRouter } from "@connectrpc/connect";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import { MemoryService } from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchService } from "#gen/llmemory/v1/search_service_pb.js";
import type { DocumentDeps } from "../documents/add-documents.ts";
import { type AdminDeps, createAdminService } from "./admin-service.ts";
import { createMemoryService } from "./memory-service.ts";
import { createReflectionService } from "./reflection-service.ts";
import { createSearchService } from "./search-service.ts";

/**
 * Registers the services of llmemory, and reflection, which tells of the health service as well.
 *
 * @param drain aborts when the service begins to stop.
 */
export function registerServices(router: ConnectRouter, deps: DocumentDeps & AdminDeps, drain: AbortSignal): void {
  router.service(MemoryService, createMemoryService(deps, drain));
  router.service(SearchService, createSearchService(deps));
  router.service(AdminService, createAdminService(deps, drain));
  router.service(ServerReflection, createReflectionService([MemoryService, SearchService, AdminService, Health]));
}

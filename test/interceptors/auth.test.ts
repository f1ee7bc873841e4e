import { create, createFileRegistry } from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import {
  EmptySchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_empty,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import { AddDocumentResponseSchema, ListDocumentsResponseSchema, MemoryService } from "#gen/llmemory/v1/memory_service_pb.js";
import { Permission } from "#gen/llmemory/v1/options_pb.js";
import { SearchService } from "#gen/llmemory/v1/search_service_pb.js";
import { neededPermission } from "../../src/interceptors/auth.ts";
import { createInMemoryService } from "./in-memory-service.ts";

/** What changes something, or slows the service down for a while, and is for operators. */
const operatorsWrites: ReadonlySet<string> = new Set([
  "ActivateModel",
  "CaptureProfile",
  "CompareModels",
  "DropModel",
  "PurgeDeadJobs",
  "RebuildVectorIndex",
  "RetryDeadJobs",
  "RollBackModel",
  "StartModelMigration",
]);

const methods = [MemoryService, SearchService, AdminService].flatMap((service) => service.methods);

describe("every RPC of this package declares its permission", () => {
  test.each(methods.map((method) => [`${method.parent.name}.${method.name}`, method] as const))("%s", (_name, method) => {
    expect(neededPermission(method)).not.toBe(Permission.UNSPECIFIED);
  });

  test("what only reads is marked as free of side effects, and nothing that writes is", () => {
    const noSideEffects = 1;
    for (const method of methods) {
      const reads = neededPermission(method) !== Permission.WRITE && !operatorsWrites.has(method.name);
      expect(method.idempotency === noSideEffects, method.name).toBe(reads);
    }
  });
});

describe("a principal that may only read", () => {
  const reader = { name: "reader", permissions: new Set([Permission.READ]) };
  const { memory } = createInMemoryService(
    { addDocument: () => create(AddDocumentResponseSchema), listDocuments: () => create(ListDocumentsResponseSchema) },
    { principal: reader },
  );

  test("may read", async () => {
    expect((await memory.listDocuments({ ownerId: "ada" })).documents).toEqual([]);
  });

  test("may not write, and learns what it lacks before the request is looked at", async () => {
    const error = await memory.addDocument({}).catch(ConnectError.from);
    expect(error).toMatchObject({ code: Code.PermissionDenied });
    expect(String(error)).toContain("AddDocument needs the permission WRITE, which reader does not have");
  });
});

test("an RPC that declares no permission is refused to everyone", async () => {
  const service = undeclaredService();
  const { transport } = createInMemoryService({}, { routes: (router) => router.service(service, { call: () => ({}) }) });
  await expect(createClient(service, transport).call({})).rejects.toMatchObject({ code: Code.PermissionDenied });
});

test("health is open to everyone", async () => {
  const nobody = { name: "nobody", permissions: new Set<Permission>() };
  const { transport } = createInMemoryService(
    {},
    { principal: nobody, routes: (router) => router.service(Health, { check: () => ({ status: 1 }) }) },
  );
  expect((await createClient(Health, transport).check({})).status).toBe(1);
});

/** A service with one method and no options, as a new RPC would be whose author forgot them. */
function undeclaredService(): GenService<{
  call: { methodKind: "unary"; input: typeof EmptySchema; output: typeof EmptySchema };
}> {
  const type = `.${EmptySchema.typeName}`;
  const file = create(FileDescriptorProtoSchema, {
    name: "undeclared.proto",
    package: "llmemory.v1",
    syntax: "proto3",
    dependency: ["google/protobuf/empty.proto"],
    service: [{ name: "Undeclared", method: [{ name: "Call", inputType: type, outputType: type }] }],
  });
  const files = create(FileDescriptorSetSchema, { file: [file_google_protobuf_empty.proto, file] });
  const service = createFileRegistry(files).getService("llmemory.v1.Undeclared");
  if (!service) throw new Error("the service is not in its file");
  return service as ReturnType<typeof undeclaredService>;
}

import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import {
  ServerReflection,
  type ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from "#gen/grpc/reflection/v1/reflection_pb.js";
import { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import { MemoryService } from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchService } from "#gen/llmemory/v1/search_service_pb.js";
import { createReflectionService } from "../../src/services/reflection-service.ts";

type Question = MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"];

const services = [MemoryService, SearchService, AdminService, Health];
const client = createClient(
  ServerReflection,
  createRouterTransport((router) => router.service(ServerReflection, createReflectionService(services))),
);

test("lists the services", async () => {
  const [answer] = await ask({ case: "listServices", value: "" });
  expect(answer?.messageResponse).toMatchObject({
    case: "listServicesResponse",
    value: {
      service: [
        { name: "llmemory.v1.MemoryService" },
        { name: "llmemory.v1.SearchService" },
        { name: "llmemory.v1.AdminService" },
        { name: "grpc.health.v1.Health" },
      ],
    },
  });
});

describe("gives a file with all that it imports, imports first", () => {
  test.each([
    ["by name", { case: "fileByFilename", value: "llmemory/v1/search_service.proto" }],
    ["by service", { case: "fileContainingSymbol", value: "llmemory.v1.SearchService" }],
    ["by method", { case: "fileContainingSymbol", value: "llmemory.v1.SearchService.Search" }],
    ["by message", { case: "fileContainingSymbol", value: "llmemory.v1.SearchRequest" }],
    ["by field", { case: "fileContainingSymbol", value: "llmemory.v1.SearchRequest.owner_id" }],
    ["by enum", { case: "fileContainingSymbol", value: "llmemory.v1.Plan" }],
  ] as const)("%s", async (_name, question) => {
    const names = fileNames((await ask(question))[0]);
    expect(names.at(-1)).toBe("llmemory/v1/search_service.proto");
    expect(names).toEqual(
      expect.arrayContaining([
        "google/protobuf/timestamp.proto",
        "google/protobuf/descriptor.proto",
        "buf/validate/validate.proto",
        "llmemory/v1/document.proto",
        "llmemory/v1/options.proto",
      ]),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  test.each([
    ["a file of an import", { case: "fileByFilename", value: "google/rpc/status.proto" }, "google/rpc/status.proto"],
    [
      "an extension",
      { case: "fileContainingExtension", value: { containingType: "google.protobuf.MethodOptions", extensionNumber: 50100 } },
      "llmemory/v1/options.proto",
    ],
  ] as const)("%s", async (_name, question, file) => {
    expect(fileNames((await ask(question))[0]).at(-1)).toBe(file);
  });
});

test("lists the extensions of a type", async () => {
  const [answer] = await ask({ case: "allExtensionNumbersOfType", value: "google.protobuf.MethodOptions" });
  expect(answer?.messageResponse).toMatchObject({ case: "allExtensionNumbersResponse", value: { extensionNumber: [50100] } });
});

describe("says that it does not know", () => {
  test.each([
    { case: "fileByFilename", value: "llmemory/v2/none.proto" },
    { case: "fileContainingSymbol", value: "llmemory.v1.Nothing" },
    { case: "fileContainingSymbol", value: "" },
    { case: "fileContainingExtension", value: { containingType: "google.protobuf.MethodOptions", extensionNumber: 1 } },
    { case: "allExtensionNumbersOfType", value: "llmemory.v1.Nothing" },
  ] as const)("$case $value", async (question) => {
    const [answer] = await ask(question);
    expect(answer?.messageResponse).toMatchObject({ case: "errorResponse", value: { errorCode: Code.NotFound } });
  });
});

test("a question without content is an error of its own, and the stream goes on", async () => {
  const answers = await ask({ case: undefined }, { case: "listServices", value: "" });
  expect(answers.map((answer) => answer.messageResponse.case)).toEqual(["errorResponse", "listServicesResponse"]);
  expect(answers[0]?.messageResponse).toMatchObject({ value: { errorCode: Code.InvalidArgument } });
});

async function ask(...questions: readonly NonNullable<Question>[]): Promise<ServerReflectionResponse[]> {
  async function* requests() {
    for (const messageRequest of questions) yield { host: "test", messageRequest };
  }
  const answers: ServerReflectionResponse[] = [];
  for await (const answer of client.serverReflectionInfo(requests())) answers.push(answer);
  return answers;
}

function fileNames(answer: ServerReflectionResponse | undefined): string[] {
  if (answer?.messageResponse.case !== "fileDescriptorResponse") throw new Error(`no files: ${answer?.messageResponse.case}`);
  return answer.messageResponse.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

import { createRegistry, type DescFile, type DescService, type Registry, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import type { ServerReflection, ServerReflectionRequest } from "#gen/grpc/reflection/v1/reflection_pb.js";

/** Lets tools such as grpcurl ask what the service offers (grpc.reflection.v1). */
export function createReflectionService(services: readonly DescService[]): ServiceImpl<typeof ServerReflection> {
  const files = filesOf(services.map((service) => service.file));
  const registry = createRegistry(...files);
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        yield { validHost: request.host, originalRequest: request, messageResponse: answer(request) };
      }
    },
  };

  function answer({ messageRequest }: ServerReflectionRequest) {
    switch (messageRequest.case) {
      case "listServices":
        return {
          case: "listServicesResponse" as const,
          value: { service: services.map(({ typeName }) => ({ name: typeName })) },
        };
      case "fileByFilename":
        return fileResponse(files.find((file) => `${file.name}.proto` === messageRequest.value));
      case "fileContainingSymbol":
        return fileResponse(fileOfSymbol(registry, messageRequest.value));
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = messageRequest.value;
        const message = registry.getMessage(containingType);
        return fileResponse(message && registry.getExtensionFor(message, extensionNumber)?.file);
      }
      case "allExtensionNumbersOfType": {
        const numbers = [...registry].flatMap((type) => {
          return type.kind === "extension" && type.extendee.typeName === messageRequest.value ? [type.number] : [];
        });
        const value = { baseTypeName: messageRequest.value, extensionNumber: numbers };
        return registry.getMessage(messageRequest.value) ? { case: "allExtensionNumbersResponse" as const, value } : notFound();
      }
      case undefined:
        return errorResponse(Code.InvalidArgument, "the request asks for nothing");
    }
  }

  /** A file with all that it imports, so that the caller need not ask again. */
  function fileResponse(file: DescFile | undefined) {
    if (!file) return notFound();
    const known = files.find((candidate) => candidate.name === file.name) ?? file;
    const fileDescriptorProto = filesOf([known]).map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
    return { case: "fileDescriptorResponse" as const, value: { fileDescriptorProto } };
  }
}

/** The files and all that they import, each once, imports first. */
function filesOf(roots: readonly DescFile[]): DescFile[] {
  const found = new Map<string, DescFile>();
  const visit = (file: DescFile) => {
    if (found.has(file.name)) return;
    for (const dependency of file.dependencies) visit(dependency);
    found.set(file.name, file);
  };
  for (const root of roots) visit(root);
  return [...found.values()];
}

/** A symbol may be a type or service, or a method or field of one. */
function fileOfSymbol(registry: Registry, symbol: string): DescFile | undefined {
  const type = registry.get(symbol) ?? registry.get(symbol.slice(0, symbol.lastIndexOf(".")));
  return type?.file;
}

function notFound() {
  return errorResponse(Code.NotFound, "nothing of that name is known");
}

function errorResponse(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse" as const, value: { errorCode, errorMessage } };
}

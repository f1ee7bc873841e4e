import { type DescMethodUnary, type DescService, fromJson, type JsonObject, toJson } from "@bufbuild/protobuf";
import { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import {
  IngestDocumentsRequestSchema,
  type IngestDocumentsResponse,
  IngestDocumentsResponseSchema,
  MemoryService,
} from "#gen/llmemory/v1/memory_service_pb.js";
import { SearchService } from "#gen/llmemory/v1/search_service_pb.js";
import { errorDetailTypes } from "../../../src/interceptors/error-translation.ts";
import { factsOf } from "../../support/call-error.ts";
import { connectTo, type Protocol } from "../../support/rpc-clients.ts";
import { CallError, type OpenServiceCaller, type ServiceCaller } from "./service-caller.ts";

/** connect-node with the generated descriptors. Streams in both directions need HTTP/2. */
export function connectCaller(protocols: { readonly unary: Protocol; readonly stream: Protocol }): OpenServiceCaller {
  return (service): ServiceCaller => {
    const unary = connectTo(service, protocols.unary);
    const stream = connectTo(service, protocols.stream);
    return {
      async call(name, request, options) {
        const method = findMethod(name);
        try {
          const message = fromJson(method.input, request);
          const response = await unary.transport.unary(method, undefined, options?.timeoutMs, undefined, message);
          return toJson(method.output, response.message) as JsonObject;
        } catch (error) {
          throw new CallError(factsOf(error));
        }
      },
      async ingest(open, items) {
        const opened = Promise.withResolvers<void>();
        async function* requests() {
          yield fromJson(IngestDocumentsRequestSchema, open);
          await opened.promise;
          for (const item of items) yield fromJson(IngestDocumentsRequestSchema, item);
        }
        const replies: IngestDocumentsResponse[] = [];
        for await (const reply of stream.memory.ingestDocuments(requests())) {
          replies.push(reply);
          opened.resolve();
        }
        return replies.map((reply) => toJson(IngestDocumentsResponseSchema, reply, { registry: errorDetailTypes }) as JsonObject);
      },
      close() {
        unary.close();
        stream.close();
      },
    };
  };
}

const services: readonly DescService[] = [MemoryService, SearchService, AdminService];

function findMethod(name: string): DescMethodUnary {
  const [serviceName, methodName] = name.split("/");
  const service = services.find((candidate) => candidate.name === serviceName);
  const method = service?.methods.find((candidate) => candidate.name === methodName);
  if (method?.methodKind !== "unary") throw new Error(`there is no method ${name}`);
  return method as DescMethodUnary;
}

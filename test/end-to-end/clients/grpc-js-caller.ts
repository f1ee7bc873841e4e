import { join } from "node:path";
import { fromBinary, type JsonObject } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type MethodDefinition, type ServiceError } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { repositoryDirectory } from "../../../scripts/toolchains.ts";
import { codeName, statusFacts } from "../../support/call-error.ts";
import { CallError, type OpenServiceCaller } from "./service-caller.ts";

const definition = loadSync(
  ["memory_service", "search_service", "admin_service"].map((file) => `llmemory/v1/${file}.proto`),
  {
    includeDirs: ["proto", "third_party/proto"].map((directory) => join(repositoryDirectory, directory)),
    longs: String,
    enums: String,
    oneofs: true,
  },
);

/** @grpc/grpc-js as its guide shows it: the .proto files are read at run time, and no limit is changed. */
export const grpcJsCaller: OpenServiceCaller = ({ grpcAddress }) => {
  const client = new Client(grpcAddress, credentials.createInsecure());
  return {
    call(name, request, options) {
      const { path, requestSerialize, responseDeserialize } = methodOf(name);
      const callOptions = options ? { deadline: new Date(Date.now() + options.timeoutMs) } : {};
      const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
      const answered = (error: ServiceError | null, reply?: JsonObject) => {
        if (error) reject(callError(error));
        else resolve(reply ?? {});
      };
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), callOptions, answered);
      return promise;
    },
    ingest(open, items) {
      const { path, requestSerialize, responseDeserialize } = methodOf("MemoryService/IngestDocuments");
      const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      const replies: JsonObject[] = [];
      const { promise, resolve, reject } = Promise.withResolvers<JsonObject[]>();
      stream.on("data", (reply: JsonObject) => {
        replies.push(reply);
        if (replies.length > 1) return;
        for (const item of items) stream.write(item);
        stream.end();
      });
      stream.on("end", () => resolve(replies));
      stream.on("error", (error: ServiceError) => reject(callError(error)));
      stream.write(open);
      return promise;
    },
    close: () => client.close(),
  };
};

function methodOf(name: string): MethodDefinition<JsonObject, JsonObject> {
  const [service = "", method = ""] = name.split("/");
  const methods = definition[`llmemory.v1.${service}`] as Readonly<Record<string, unknown>> | undefined;
  const found = methods?.[method];
  if (!found) throw new Error(`there is no method ${name}`);
  return found as MethodDefinition<JsonObject, JsonObject>;
}

function callError(error: ServiceError): CallError {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const status = bytes instanceof Buffer ? fromBinary(StatusSchema, bytes) : undefined;
  return new CallError({ ...statusFacts(status), code: codeName(error.code), message: error.details });
}

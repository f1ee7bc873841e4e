import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type JsonObject } from "@bufbuild/protobuf";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { statusFacts } from "../../support/call-error.ts";
import { outputOf } from "../../support/run-to-end.ts";
import { CallError, type OpenServiceCaller } from "./service-caller.ts";

/** The error of a Connect reply. */
interface ErrorJson {
  readonly code: string;
  readonly message?: string;
  readonly details?: readonly { readonly type: string; readonly value: string }[];
}

const endOfStream = 0x02;

/**
 * curl, the program: Connect with JSON over HTTP/1.1, and the enveloped messages of a Connect stream over HTTP/2. It sends a whole
 * stream before it shows the first reply.
 */
export const curlCaller: OpenServiceCaller = async ({ grpcAddress, httpAddress }) => {
  const directory = await mkdtemp(join(tmpdir(), "llmemory-curl-"));
  const [bodyFile, replyFile] = [join(directory, "body"), join(directory, "reply")];
  const post = async (url: string, body: string | Buffer, ...more: readonly string[]) => {
    await writeFile(bodyFile, body);
    const curlArguments = ["--silent", "--show-error", "--data-binary", `@${bodyFile}`, "--output", replyFile];
    const status = await outputOf("curl", [...curlArguments, "--write-out", "%{http_code}", ...more, url]);
    return { status: Number(status), reply: await readFile(replyFile) };
  };
  return {
    async call(name, request, options) {
      const headers = ["--header", "content-type: application/json"];
      if (options) headers.push("--header", `connect-timeout-ms: ${options.timeoutMs}`);
      const { status, reply } = await post(`http://${httpAddress}/llmemory.v1.${name}`, JSON.stringify(request), ...headers);
      const json = JSON.parse(reply.toString());
      if (status !== 200) throw new CallError(errorFacts(json));
      return json;
    },
    async ingest(open, items) {
      const url = `http://${grpcAddress}/llmemory.v1.MemoryService/IngestDocuments`;
      const body = Buffer.concat([open, ...items].map(envelope));
      const { reply } = await post(url, body, "--http2-prior-knowledge", "--header", "content-type: application/connect+json");
      return repliesIn(reply);
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
};

/** A message of a Connect stream: one byte of flags, four of length, the message. */
function envelope(message: JsonObject): Buffer {
  const bytes = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function repliesIn(body: Buffer): JsonObject[] {
  const replies: JsonObject[] = [];
  for (let start = 0; start < body.length; ) {
    const end = start + 5 + body.readUInt32BE(start + 1);
    const json = JSON.parse(body.subarray(start + 5, end).toString());
    if (body[start] === endOfStream) {
      if (json.error) throw new CallError(errorFacts(json.error));
      return replies;
    }
    replies.push(json);
    start = end;
  }
  throw new Error("the stream ended without its last message");
}

function errorFacts({ code, message, details = [] }: ErrorJson) {
  const anys = details.map(({ type, value }) => ({
    typeUrl: `type.googleapis.com/${type}`,
    value: Buffer.from(value, "base64"),
  }));
  const facts = statusFacts(create(StatusSchema, { details: anys }));
  return { ...facts, code: code === "canceled" ? "CANCELLED" : code.toUpperCase(), message: message ?? "" };
}

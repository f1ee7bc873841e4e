import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { AddDocumentResponseSchema } from "#gen/llmemory/v1/memory_service_pb.js";
import { ConflictError } from "../../src/domain/errors.ts";
import { createInMemoryService } from "./in-memory-service.ts";

const document = { ownerId: "ada", content: "my secret diary", documentName: "secret name", metadata: { secret: "yes" } };

test("an answered call is one line at level debug, without anything of its content", async () => {
  const { memory, logs } = createInMemoryService({ addDocument: () => create(AddDocumentResponseSchema) });
  await memory.addDocument(document);
  expect(logs).toEqual([
    expect.objectContaining({ level: 20, msg: "rpc", method: "llmemory.v1.MemoryService/AddDocument", code: "OK" }),
  ]);
  expect(JSON.stringify(logs)).not.toContain("secret");
});

test("a failed call is one line at level info with the code that the client gets", async () => {
  const { memory, logs } = createInMemoryService({
    addDocument: () => Promise.reject(new ConflictError("CONCURRENT_WRITE", "another writer was faster")),
  });
  await expect(memory.addDocument(document)).rejects.toThrow();
  expect(logs).toEqual([expect.objectContaining({ level: 30, msg: "rpc", code: "Aborted" })]);
  expect(JSON.stringify(logs)).not.toContain("secret");
});

test("a refused call does not show what was refused", async () => {
  const { memory, logs } = createInMemoryService({ addDocument: () => expect.fail("the handler must not run") });
  await expect(memory.addDocument({ ...document, content: "my secret\0" })).rejects.toThrow();
  expect(logs).toEqual([expect.objectContaining({ level: 30, code: "InvalidArgument" })]);
  expect(JSON.stringify(logs)).not.toContain("secret");
});

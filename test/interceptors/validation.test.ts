import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { createInMemoryService } from "./in-memory-service.ts";

test("a request that breaks a rule never reaches its handler", async () => {
  const { memory } = createInMemoryService({ addDocument: () => expect.fail("the handler must not run") });
  const error = await memory.addDocument({ ownerId: "a b", content: "" }).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.InvalidArgument });
  expect(String(error)).toMatch(/owner_id.*content/);
});

test("the messages of a stream are checked as they come: those before a bad one are handled", async () => {
  const seen: (string | undefined)[] = [];
  const { memory } = createInMemoryService({
    async *ingestDocuments(requests) {
      for await (const { message } of requests) {
        seen.push(message.case);
        yield { message: { case: "durable" as const, value: { upToSequence: 0n } } };
      }
    },
  });
  async function* requests() {
    yield { message: { case: "open" as const, value: { ownerId: "ada", streamId: "notes" } } };
    yield { message: { case: "ack" as const, value: { upToSequence: 1n } } };
    yield { message: { case: "ack" as const, value: { upToSequence: 0n } } };
  }
  const received: unknown[] = [];
  const read = async () => {
    for await (const reply of memory.ingestDocuments(requests())) received.push(reply);
  };
  await expect(read()).rejects.toMatchObject({ code: Code.InvalidArgument });
  expect(seen).toEqual(["open", "ack"]);
  expect(received).toHaveLength(2);
});

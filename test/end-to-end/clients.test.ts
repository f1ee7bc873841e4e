import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { testDatabases } from "../support/databases.ts";
import { useService } from "../support/use-service.ts";
import { connectCaller } from "./clients/connect-caller.ts";
import { curlCaller } from "./clients/curl-caller.ts";
import { grpcJsCaller } from "./clients/grpc-js-caller.ts";
import { CallError, type OpenServiceCaller, type ServiceCaller } from "./clients/service-caller.ts";

const clients: readonly (readonly [name: string, open: OpenServiceCaller])[] = [
  ["connect-node with gRPC", connectCaller({ unary: "gRPC", stream: "gRPC" })],
  ["connect-node with gRPC-Web", connectCaller({ unary: "gRPC-Web over HTTP/1.1", stream: "gRPC-Web" })],
  ["connect-node with Connect", connectCaller({ unary: "Connect over HTTP/1.1", stream: "Connect" })],
  ["connect-node with Connect JSON", connectCaller({ unary: "Connect JSON", stream: "Connect JSON" })],
  ["grpc-js", grpcJsCaller],
  ["curl", curlCaller],
];

describe.each(testDatabases())("on $name", (kind) => {
  const running = useService(kind);
  // Nothing becomes searchable here, so that a wait for it lasts until the deadline.
  const withoutWorker = useService(kind, { LLMEMORY_EMBED_IN_SERVE: "false" });

  describe.each(clients)("%s", (name, open) => {
    const ownerId = name.replaceAll(" ", "-");

    test("adds a document and finds it", async () => {
      await using client = await opened(open);
      const added = await client.call("MemoryService/AddDocument", {
        ownerId,
        idAtOrigin: "notes/tee",
        content: "Ada trinkt ihren Tee ohne Zucker. 😀",
        waitUntil: "WAIT_UNTIL_SEARCHABLE",
      });
      expect(added).toMatchObject({
        outcome: "OUTCOME_CREATED",
        chunksCreated: 1,
        document: { ownerId, idAtOrigin: "notes/tee" },
      });
      const { results } = await client.call("SearchService/Search", { ownerId, queryText: "Zucker im Tee", limit: 5 });
      expect(results).toEqual([
        expect.objectContaining({ idAtOrigin: "notes/tee", content: "Ada trinkt ihren Tee ohne Zucker. 😀", vectorPosition: 1 }),
      ]);
    });

    test("ingests over a stream in both directions; a bad item fails alone", async () => {
      await using client = await opened(open);
      const items = [1, 2, 3, 4, 5].map((sequence) => {
        const content = sequence === 3 ? "" : `This is streamed note number ${sequence}.`;
        return { item: { sequence: String(sequence), document: { idAtOrigin: `stream/${sequence}`, content } } };
      });
      const replies = await client.ingest({ open: { ownerId, streamId: "notes" } }, items);
      const durable = replies.flatMap((reply) => (reply.durable ? [reply.durable as JsonObject] : []));
      expect(Number(durable[0]?.upToSequence ?? 0)).toBe(0);
      expect(Number(durable.at(-1)?.upToSequence)).toBe(5);
      const failures = durable.flatMap((reply) => (reply.failures ?? []) as JsonObject[]);
      expect(failures).toEqual([expect.objectContaining({ sequence: "3", idAtOrigin: "stream/3" })]);
      expect(replies[1]?.window).toMatchObject({ items: expect.any(Number) });
      const { documents } = await client.call("MemoryService/ListDocuments", {
        ownerId,
        filter: { idsAtOrigin: items.map(({ item }) => item.document.idAtOrigin) },
        orderBy: "ORDER_BY_DOCUMENT_NAME_ASC",
      });
      const stored = (documents as JsonObject[]).map(({ idAtOrigin }) => idAtOrigin).toSorted();
      expect(stored).toEqual(["stream/1", "stream/2", "stream/4", "stream/5"]);
    });

    test("learns all that is wrong with a request at once", async () => {
      await using client = await opened(open);
      const bad = { ownerId: "a b", documentName: "x".repeat(501), content: "" };
      expect(await factsOfCall(client.call("MemoryService/AddDocument", bad))).toEqual({
        code: "INVALID_ARGUMENT",
        reason: "INVALID_INPUT",
        fields: ["content", "document_name", "owner_id"],
        message: expect.stringContaining("owner_id"),
      });
    });

    test("gets its deadline, and what was committed before it stays", async () => {
      const client = await open(withoutWorker().service);
      try {
        const document = { ownerId, idAtOrigin: "late", content: "Slow tea." };
        await client.call("MemoryService/AddDocument", document);
        const untilSearchable = { ...document, waitUntil: "WAIT_UNTIL_SEARCHABLE" };
        const facts = await factsOfCall(client.call("MemoryService/AddDocument", untilSearchable, { timeoutMs: 300 }));
        expect(facts.code).toBe("DEADLINE_EXCEEDED");
        const found = await client.call("MemoryService/GetDocument", { ownerId, idAtOrigin: "late", includeContent: true });
        expect(found).toMatchObject({ content: "Slow tea." });
      } finally {
        await client.close();
      }
    });

    async function opened(openCaller: OpenServiceCaller): Promise<ServiceCaller & AsyncDisposable> {
      const caller = await openCaller(running().service);
      return { ...caller, [Symbol.asyncDispose]: async () => await caller.close() };
    }
  });

  test.each(["application/connect+json", "application/grpc-web+proto"])(
    "a stream in both directions over HTTP/1.1 is refused as %s, since neither can do that",
    async (contentType) => {
      const url = `http://${running().service.httpAddress}/llmemory.v1.MemoryService/IngestDocuments`;
      const response = await fetch(url, { method: "POST", headers: { "content-type": contentType }, body: "" });
      expect(response.status).toBe(505);
    },
  );
});

async function factsOfCall(call: Promise<unknown>) {
  const error = await call.then(
    () => expect.fail("the call should have failed"),
    (reason: unknown) => reason,
  );
  if (error instanceof CallError) return error.facts;
  throw error;
}

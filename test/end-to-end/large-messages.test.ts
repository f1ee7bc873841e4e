import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { SearchType, ShortfallReason } from "#gen/llmemory/v1/search_service_pb.js";
import { errorOf } from "../support/call-error.ts";
import { testDatabases } from "../support/databases.ts";
import { useService } from "../support/use-service.ts";
import { IngestClient } from "./ingest-client.ts";

const mebibyte = 1024 * 1024;

/** The clients of this file take 4 MiB at most, as gRPC clients do by default: a larger reply fails its test. */
describe.each(testDatabases())("large messages on $name", (kind) => {
  const running = useService(kind);

  test.each([
    ["10,000,000 characters", (filler: string) => filler.repeat(Math.ceil(10_000_000 / filler.length)).slice(0, 10_000_000), "x"],
    ["15 MiB of UTF-8", (filler: string) => filler.repeat(Math.floor((15 * mebibyte) / 2 / filler.length)), "é"],
  ])(
    "a document of %s is accepted and found again",
    async (_name, fill, letter) => {
      const { memory, search } = running();
      const ownerId = newOwner();
      // One word among long ones, so that there are few chunks and the test is short; 4,000 letters are one chunk.
      const text = fill(`${letter.repeat(3_999)} `);
      const content = `${text.slice(0, -8)} needle`;
      const { document } = await memory.addDocument({ ownerId, idAtOrigin: "large", content }, { timeoutMs: 120_000 });
      expect(document?.sizeBytes).toBe(BigInt(Buffer.byteLength(content)));
      const { results } = await search.search({ ownerId, queryText: "needle", searchType: SearchType.TEXT, textWindow: 0 });
      expect(results).toMatchObject([{ idAtOrigin: "large", charEnd: Array.from(content).length }]);
      const key = { case: "idAtOrigin" as const, value: "large" };
      expect(await errorOf(memory.getDocument({ ownerId, key, includeContent: true }))).toMatchObject({
        code: "RESOURCE_EXHAUSTED",
        reason: "REPLY_TOO_LARGE",
      });
      expect(await memory.getDocument({ ownerId, key })).toMatchObject({ document: { documentId: document?.documentId } });
      await memory.deleteDocument({ ownerId, key });
    },
    180_000,
  );

  test("a document whose reply just fits is sent whole", async () => {
    const { memory } = running();
    const ownerId = newOwner();
    const content = `${"x".repeat(999)} `.repeat(3_900);
    await memory.addDocument({ ownerId, idAtOrigin: "fits", content });
    const key = { case: "idAtOrigin" as const, value: "fits" };
    expect((await memory.getDocument({ ownerId, key, includeContent: true })).content).toBe(content);
    const error = await errorOf(memory.getDocument({ ownerId, key, includeContent: true, includeChunks: true }));
    expect(error).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "REPLY_TOO_LARGE" });
  });

  // As protobuf, a list of digits is the largest that metadata of one size of JSON can become.
  test.each([
    ["one long text", 80, { text: "x".repeat(60_000) }],
    ["many digits", 30, { digits: Array.from({ length: 30_000 }, () => 1) }],
  ] as const)(
    "documents with 60 KB of metadata (%s) are listed in pages that fit; a search gives the best that fit, and says so",
    async (_name, count, metadata) => {
      const { memory, search } = running();
      const ownerId = newOwner();
      const documents = Array.from({ length: count }, (_, index) => ({
        ownerId,
        idAtOrigin: `${index}`,
        content: "tea",
        metadata,
      }));
      for (let start = 0; start < count; start += 20)
        await memory.batchAddDocuments({ documents: documents.slice(start, start + 20) });
      const pages: number[] = [];
      const ids = new Set<string>();
      let pageToken = "";
      do {
        const page = await memory.listDocuments({ ownerId, pageSize: 500, pageToken });
        for (const { idAtOrigin } of page.documents) ids.add(idAtOrigin);
        pages.push(page.documents.length);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      expect(ids.size).toBe(count);
      expect(pages.length).toBeGreaterThan(1);

      const { results, receipt } = await search.search({ ownerId, queryText: "tea", searchType: SearchType.TEXT, limit: 100 });
      expect(results.length).toBeGreaterThan(5);
      expect(results.length).toBeLessThan(count);
      expect(receipt?.shortfallReason).toBe(ShortfallReason.REPLY_SIZE);
    },
  );

  test("the reply to a batch of documents with large metadata fits", async () => {
    const { memory } = running();
    const ownerId = newOwner();
    const documents = Array.from({ length: 100 }, (_, index) => ({
      ownerId,
      idAtOrigin: `${index}`,
      content: "tea",
      metadata: { text: "x".repeat(60_000) },
    }));
    const { results } = await memory.batchAddDocuments({ documents });
    expect(results).toHaveLength(100);
  });

  test("failures of a stream that are too many for one reply come in several of the same position", async () => {
    const { memory } = running();
    const ownerId = newOwner();
    const metadata = { ["k".repeat(90)]: Array.from({ length: 100 }, () => "\0") };
    const first = new IngestClient(memory);
    first.open({ ownerId, streamId: "notes" });
    for (let sequence = 1n; sequence <= 600n; sequence++)
      first.item(sequence, { idAtOrigin: "😀".repeat(1_000) + sequence, content: "", metadata });
    expect(await first.durableUpTo(600n)).toHaveLength(600);
    await first.cut();
    const second = new IngestClient(memory);
    second.open({ ownerId, streamId: "notes" });
    const sequences: bigint[] = [];
    let message = await second.next();
    for (; message.case === "durable"; message = await second.next()) {
      expect(message.value.upToSequence).toBe(600n);
      sequences.push(...message.value.failures.map(({ sequence }) => sequence));
    }
    expect(message.case).toBe("window");
    expect(sequences).toEqual(Array.from({ length: 600 }, (_, index) => BigInt(index + 1)));
    second.acknowledge(600n);
    expect(await second.end()).toBeUndefined();
  });

  test("the errors of a batch of the most documents fit", async () => {
    const { memory } = running();
    const documents = Array.from({ length: 500 }, () => ({ ownerId: "a b", content: "", documentName: "\n", language: "?" }));
    const { results } = await memory.batchAddDocuments({ documents });
    expect(results.every(({ result }) => result.case === "error")).toBe(true);
  });
});

function newOwner(): string {
  return `owner-${randomUUID()}`;
}

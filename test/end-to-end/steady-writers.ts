import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect } from "vitest";
import { connectTo, type RpcClients } from "../support/rpc-clients.ts";
import type { ServiceAddresses } from "../support/service.ts";
import { IngestClient } from "./ingest-client.ts";

const ownerId = "ada";

/** Documents of a stream that are sent before the last position is heard of. */
const aheadMax = 64;

/**
 * A client with an ingest stream and one with unary adds, which go on whatever becomes of the service: what was not acknowledged is
 * sent again. What was acknowledged is remembered, and `verify` looks for it.
 */
export class SteadyWriters {
  #durableUpTo = 0;
  #added = 0;

  /** Documents acknowledged so far. */
  get acknowledged(): number {
    return this.#durableUpTo + this.#added;
  }

  /** Writes until it is stopped; connects again after every failure. */
  async write(service: ServiceAddresses, stop: AbortSignal): Promise<void> {
    const clients = connectTo(service);
    stop.addEventListener("abort", clients.close);
    try {
      await Promise.all([repeatUntil(stop, () => this.#stream(clients)), repeatUntil(stop, () => this.#add(clients))]);
    } finally {
      stop.removeEventListener("abort", clients.close);
      clients.close();
    }
  }

  async #stream(clients: RpcClients): Promise<void> {
    const client = new IngestClient(clients.memory);
    client.open({ ownerId, streamId: "steady" });
    let sent = Number((await client.nextDurable()).upToSequence);
    // A position may be durable before its message arrives, never the other way round.
    expect(sent).toBeGreaterThanOrEqual(this.#durableUpTo);
    this.#durableUpTo = sent;
    for (;;) {
      while (sent < this.#durableUpTo + aheadMax) {
        sent++;
        client.item(BigInt(sent), documentOf("streamed", sent));
      }
      const { upToSequence, failures } = await client.nextDurable();
      expect(failures).toEqual([]);
      this.#durableUpTo = Number(upToSequence);
    }
  }

  async #add(clients: RpcClients): Promise<void> {
    for (;;) {
      await clients.memory.addDocument(documentOf("added", this.#added + 1));
      this.#added++;
    }
  }

  /**
   * Looks for every acknowledged document, whole and once, and waits until all that is stored has its vectors.
   *
   * @returns what is stored, acknowledged or not.
   */
  async verify({ memory, admin }: RpcClients): Promise<{ documents: number; chunks: number }> {
    const versions = new Map<string, number>();
    const again: string[] = [];
    for (let pageToken = ""; ; ) {
      const page = await memory.listDocuments({ ownerId, pageSize: 500, pageToken });
      for (const { idAtOrigin, version } of page.documents) {
        if (versions.has(idAtOrigin)) again.push(idAtOrigin);
        versions.set(idAtOrigin, version);
      }
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
    expect(again).toEqual([]);
    const acknowledged = [
      ...Array.from({ length: this.#durableUpTo }, (_, index) => documentOf("streamed", index + 1)),
      ...Array.from({ length: this.#added }, (_, index) => documentOf("added", index + 1)),
    ];
    expect(acknowledged.filter(({ idAtOrigin }) => !versions.has(idAtOrigin))).toEqual([]);
    // A second version would mean that a document was written twice.
    expect([...versions].filter(([, version]) => version !== 1)).toEqual([]);
    for (const { idAtOrigin, content } of acknowledged) {
      const key = { case: "idAtOrigin" as const, value: idAtOrigin };
      expect((await memory.getDocument({ ownerId, key, includeContent: true })).content).toBe(content);
    }
    for (;;) {
      const { totalSize, dead } = await admin.getEmbeddingQueue({ ownerId });
      expect(dead).toBe(0n);
      if (totalSize === 0n) break;
      await sleep(200);
    }
    const statistics = await admin.getOwnerStatistics({ ownerId });
    expect(statistics.embeddedChunkCount).toBe(statistics.chunkCount);
    expect(Number(statistics.documentCount)).toBe(versions.size);
    return { documents: versions.size, chunks: Number(statistics.chunkCount) };
  }
}

/** Calls again after each failure that a service in trouble may answer with, until it is stopped. */
async function repeatUntil(stop: AbortSignal, call: () => Promise<void>): Promise<void> {
  const inTrouble = [Code.Unavailable, Code.Canceled, Code.Aborted, Code.DeadlineExceeded, Code.ResourceExhausted, Code.Internal];
  while (!stop.aborted) {
    try {
      await call();
    } catch (error) {
      if (!(error instanceof ConnectError && inTrouble.includes(error.code))) throw error;
      await sleep(50);
    }
  }
}

function documentOf(kind: string, number: number) {
  const sentences = Array.from({ length: 25 }, (_, line) => `The ${kind} document ${number} speaks of topic ${line} and of tea.`);
  return { ownerId, idAtOrigin: `${kind}-${number}`, content: sentences.join("\n\n"), chunking: { chunkTokens: 128 } };
}

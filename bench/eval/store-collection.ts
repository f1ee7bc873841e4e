import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { IngestFailure } from "#gen/llmemory/v1/memory_service_pb.js";
import { callTimeoutMs, type ServiceConnection } from "../../src/cli/client/service-connection.ts";
import { UserError } from "../../src/cli/command-context.ts";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import { runIngestStream } from "../../src/cli/ingest/ingest-stream.ts";
import { waitForEmbeddings } from "../../src/cli/ingest/wait-for-embeddings.ts";
import type { JudgedCollection } from "./judged-collection.ts";

/** The owner that a collection is stored for; nobody else's documents are among its hits. */
export function ownerOf(collection: JudgedCollection): string {
  return `eval-${collection.name}`;
}

/**
 * Stores a collection over an ingest stream and waits until every chunk is embedded. Documents that are there already stay as they are,
 * with their vectors.
 *
 * @throws UserError if a document is refused, an embedding has failed for good or the owner has other documents too: the figures would be of
 * something else.
 */
export async function storeCollection(
  service: ServiceConnection,
  collection: JudgedCollection,
  signal: AbortSignal,
): Promise<void> {
  const ownerId = ownerOf(collection);
  const { documents } = collection;
  const sleep = (milliseconds: number, stop: AbortSignal) => delay(milliseconds, undefined, { signal: stop });
  const failures: IngestFailure[] = [];
  const source = {
    count: documents.length,
    documentAt: async (sequence: number) => documents[sequence - 1] ?? {},
  };
  const events = {
    onDurable: () => undefined,
    onIndexed: () => undefined,
    onFailures: (more: readonly IngestFailure[]) => failures.push(...more),
    onReconnect: () => undefined,
  };
  // A new name each time, or the service would go on where the last stream ended.
  await runIngestStream({ memory: service.memory, sleep }, { ownerId, streamId: `eval-${randomUUID()}`, source }, events, signal);
  const [failure] = failures;
  if (failure !== undefined) {
    const first = `first "${failure.idAtOrigin}": ${failure.error?.message}`;
    throw new UserError(`${failures.length} documents of ${ownerId} were refused, ${first}`, exitCodes.failed);
  }
  const { dead } = await waitForEmbeddings({ admin: service.admin, sleep }, ownerId, () => undefined, signal);
  if (dead > 0)
    throw new UserError(`${dead} chunks of ${ownerId} could not be embedded; the service's log tells why`, exitCodes.failed);
  const { documentCount } = await service.admin.getOwnerStatistics({ ownerId }, { signal, timeoutMs: callTimeoutMs });
  if (Number(documentCount) !== documents.length) {
    const problem = `${ownerId} has ${documentCount} documents, of which ${documents.length} are the data set's`;
    throw new UserError(`${problem}; delete the owner's other documents first`, exitCodes.failed);
  }
}

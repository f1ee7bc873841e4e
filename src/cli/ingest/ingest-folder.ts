import { randomUUID } from "node:crypto";
import type { IngestFailure } from "#gen/llmemory/v1/memory_service_pb.js";
import { describeStatus } from "../client/service-error.ts";
import type { TextExtractor } from "../extract/text-extractor.ts";
import { findMissing } from "./find-missing.ts";
import { type FolderDocumentOptions, FolderSource, idAtOrigin } from "./folder-source.ts";
import { type IngestDependencies, runIngestStream } from "./ingest-stream.ts";
import { ingestStreamId } from "./stream-id.ts";
import type { ListedFile } from "./walk-folder.ts";

/** A document that was not stored. */
export interface FailedDocument {
  readonly idAtOrigin: string;
  /** For people. */
  readonly problem: string;
}

/** How far an ingest is; it is complete as it stands whenever the ingest ends, even by an interruption. */
export interface IngestTally {
  /** Documents of the folder. */
  total: number;
  /** Documents that earlier runs had stored, and that are still there. */
  alreadyStored: number;
  /** Documents that are settled: stored, now or before, or failed. */
  settled: number;
  /** Of those, how many vector search finds as far as the service has told; it goes on embedding after the stream has ended. */
  searchable: number;
  /** By id at origin. */
  readonly failures: Map<string, FailedDocument>;
  /** Size of the files that were read. */
  bytesRead: number;
  /** Milliseconds until the connection is tried again; undefined while there is one. */
  reconnectDelayMs: number | undefined;
}

export function newTally(total: number): IngestTally {
  return { total, alreadyStored: 0, settled: 0, searchable: 0, failures: new Map(), bytesRead: 0, reconnectDelayMs: undefined };
}

export interface FolderIngest {
  readonly ownerId: string;
  /** Absolute, without links: the same folder has one name. */
  readonly root: string;
  readonly files: readonly ListedFile[];
  readonly options: FolderDocumentOptions;
  /** Begin with a new stream although an earlier run may have got somewhere. */
  readonly again: boolean;
  /** As `IngestStream` has it. */
  readonly isBulk?: boolean;
}

/**
 * Stores the files of a folder, each as one document, going on where an earlier run with the same listing has stopped.
 *
 * What an earlier run had stored is not taken for granted: the service is asked which of those documents it has, and those that
 * it has not, since they failed or were deleted, are sent again.
 */
export async function ingestFolder(
  deps: IngestDependencies & { readonly extractor: TextExtractor },
  ingest: FolderIngest,
  tally: IngestTally,
  onProgress: (tally: IngestTally) => void,
  signal: AbortSignal,
): Promise<void> {
  const { ownerId, root, files, options, isBulk = false } = ingest;
  const streamId = ingest.again ? newStreamId() : ingestStreamId({ root, files, options });
  const run = async (stream: {
    readonly streamId: string;
    readonly files: readonly ListedFile[];
    readonly settledBefore: number;
  }) => {
    const source = new FolderSource(stream.files, options, deps.extractor);
    const { bytesRead } = tally;
    let resumedAt: number | undefined;
    const events = {
      onDurable: (upToSequence: number) => {
        if (resumedAt === undefined) tally.alreadyStored += upToSequence;
        resumedAt ??= upToSequence;
        tally.settled = stream.settledBefore + upToSequence;
        tally.bytesRead = bytesRead + source.bytesRead;
        tally.reconnectDelayMs = undefined;
        onProgress(tally);
      },
      onIndexed: (upToSequence: number) => {
        tally.searchable = stream.settledBefore + upToSequence;
        onProgress(tally);
      },
      onFailures: (failures: readonly IngestFailure[]) => {
        for (const failure of failures) tally.failures.set(failure.idAtOrigin, explainFailure(failure, source));
        onProgress(tally);
      },
      onReconnect: (delayMs: number) => {
        tally.reconnectDelayMs = delayMs;
        onProgress(tally);
      },
    };
    return runIngestStream(deps, { ownerId, streamId: stream.streamId, isBulk, source }, events, signal);
  };

  const { resumedAt } = await run({ streamId, files, settledBefore: 0 });
  const before = files.slice(0, resumedAt).filter((file) => !tally.failures.has(idAtOrigin(file, options)));
  const idsAtOrigin = before.map((file) => idAtOrigin(file, options));
  const missing = await findMissing(deps.memory, { ownerId, idsAtOrigin }, signal);
  tally.alreadyStored = before.length - missing.size;
  if (missing.size === 0) return;
  const filesAgain = before.filter((file) => missing.has(idAtOrigin(file, options)));
  await run({ streamId: newStreamId(), files: filesAgain, settledBefore: tally.total - filesAgain.length });
}

function newStreamId(): string {
  return `cli-ingest-${randomUUID()}`;
}

function explainFailure(failure: IngestFailure, source: FolderSource): FailedDocument {
  const { idAtOrigin: id } = failure;
  const problem = source.problems.get(id);
  if (problem !== undefined) return { idAtOrigin: id, problem };
  if (failure.error === undefined) return { idAtOrigin: id, problem: "the service gave no reason" };
  const { message, violations } = describeStatus(failure.error);
  const details = (violations ?? [])
    .map(({ field, description }) => `${field}: ${description}`)
    .filter((detail) => !message.includes(detail));
  return { idAtOrigin: id, problem: [message, ...details].join("; ") };
}

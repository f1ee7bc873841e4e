import type { DocumentDeps } from "../../src/documents/add-documents.ts";
import { type IngestItem, type IngestProgress, IngestSession } from "../../src/documents/ingest-session.ts";
import { never, newDocument } from "../support/document-deps.ts";
import { newOwner } from "../support/test-storage.ts";

export interface StreamKey {
  readonly ownerId: string;
  readonly streamId: string;
  readonly isBulk?: boolean;
}

export function newStream(): StreamKey {
  return { ownerId: newOwner(), streamId: "stream" };
}

export function openSession(deps: DocumentDeps, key: StreamKey, signal = never): Promise<IngestSession> {
  return IngestSession.open(deps, key, signal);
}

/** An item whose document has its sequence as its key, unless another one is given. */
export function item(
  key: StreamKey,
  sequence: number,
  given: { idAtOrigin?: string; content?: string; sizeBytes?: number } = {},
): IngestItem {
  const { idAtOrigin = `${sequence}`, content = `text of ${sequence}`, sizeBytes = 100 } = given;
  return { sequence, idAtOrigin, sizeBytes, document: newDocument({ ownerId: key.ownerId, idAtOrigin, content }) };
}

/** An item that did not pass its check. */
export function badItem(sequence: number): IngestItem {
  const violations = [{ field: "content", rule: "string.min_len", description: "is empty" }];
  return { sequence, idAtOrigin: `${sequence}`, sizeBytes: 10, document: violations };
}

/** Offers all items, says that there are no more, and gives what became durable. */
export async function ingest(session: IngestSession, items: readonly IngestItem[]): Promise<IngestProgress[]> {
  const reading = (async () => {
    for (const next of items) await session.offer(next);
    session.finish();
  })();
  const progress = await allOf(session.progress());
  await reading;
  return progress;
}

export async function allOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

export function sequences(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

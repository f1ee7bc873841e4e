import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { startTextChunker, type TextChunker } from "../../src/chunking/text-chunker.ts";
import type { DocumentDeps } from "../../src/documents/add-documents.ts";
import { Intake } from "../../src/documents/intake.ts";
import { QueueFronts } from "../../src/documents/queue-fronts.ts";
import { systemClock } from "../../src/domain/clock.ts";
import type { NewDocument } from "../../src/domain/document.ts";
import { Wakeup } from "../../src/domain/wakeup.ts";
import type { TestDatabase } from "./databases.ts";
import { newOwner, silentLogger, type TestStorage, useStorage } from "./test-storage.ts";

const tokenizerPath = fileURLToPath(new URL("../../models/e5-small-v2/tokenizer.json", import.meta.url));

/** A signal that never aborts. */
export const never = new AbortController().signal;

/** All that adding and reading documents needs, with the real chunker and no worker: chunks wait until a test embeds them. */
export function useDocuments(kind: TestDatabase): () => DocumentDeps & TestStorage {
  const storage = useStorage(kind);
  let chunker: TextChunker | undefined;
  let intake: Intake | undefined;
  let queueFronts: QueueFronts | undefined;
  beforeAll(async () => {
    chunker = await startTextChunker({ tokenizerPath, leafTokensMax: 508 });
  });
  afterAll(() => chunker?.close());
  const wakeups = { jobsEnqueued: new Wakeup(), jobsSettled: new Wakeup() };
  return () => {
    if (!chunker) throw new Error("the chunker is there only while tests run");
    intake ??= new Intake({ ...storage(), logger: silentLogger }, { queueMax: 100_000 });
    queueFronts ??= new QueueFronts(storage());
    return { ...storage(), ...wakeups, chunker, intake, queueFronts, clock: systemClock, logger: silentLogger };
  };
}

/** A document as a client gives it; what a test does not say is made up. */
export function newDocument(given: Partial<NewDocument> = {}): NewDocument {
  return {
    ownerId: newOwner(),
    idAtOrigin: `document-${randomUUID()}`,
    documentName: "a document",
    documentType: "text",
    content: "The quick brown fox jumps over the lazy dog.",
    metadata: {},
    documentDate: undefined,
    expiresAt: undefined,
    language: undefined,
    chunking: {},
    ...given,
  };
}

/** A text that makes several chunks, with parents above them. */
export const longText = Array.from(
  { length: 120 },
  (_, index) => `Sentence ${index} tells of the river 🎈, the mill and the ${index % 7} bridges that cross it in the old town.`,
).join(" ");

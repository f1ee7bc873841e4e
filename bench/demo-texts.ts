import { execFile } from "node:child_process";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { MemoryService } from "#gen/llmemory/v1/memory_service_pb.js";
import { findDemoDocuments } from "../src/cli/demo/demo-documents.ts";
import type { Service } from "../test/support/service.ts";
import { command, startCompiled } from "./compiled-service.ts";

const run = promisify(execFile);

/** The demo's documents as a folder, and the texts of all their leaves. */
export interface DemoTexts {
  readonly folder: string;
  readonly texts: readonly string[];
}

/** @param directory an empty one, in which they are put. */
export async function prepareDemoTexts(directory: string): Promise<DemoTexts> {
  const documents = await findDemoDocuments(new AbortController().signal);
  const folder = join(directory, "documents");
  await mkdir(folder);
  for (const [index, file] of documents.files.entries()) await copyFile(file.path, join(folder, `${index}.md`));
  const database = { databaseUrl: undefined, dataDirectory: join(directory, "texts") };
  await using service = await startCompiled(database, { LLMEMORY_EMBEDDING_PROVIDER: "hashing" });
  await ingestFolder(service, folder);
  return { folder, texts: await readEmbeddingInputs(service) };
}

/** `llmemory ingest` of a folder, for the owner whose chunks `readEmbeddingInputs` reads. */
export async function ingestFolder(service: Service, folder: string, ...options: readonly string[]): Promise<void> {
  await run(command[0], [command[1], "ingest", folder, "--address", service.grpcAddress, "--owner", "bench", ...options]);
}

/** What the embedder gets of each leaf: its text, after its context prefix if it has one. */
export async function readEmbeddingInputs(service: Service): Promise<string[]> {
  const memory = createClient(MemoryService, createGrpcTransport({ baseUrl: `http://${service.grpcAddress}` }));
  const texts: string[] = [];
  for (let pageToken = ""; ; ) {
    const page = await memory.listDocuments({ ownerId: "bench", pageToken });
    for (const { documentId } of page.documents) {
      const { chunks } = await memory.getDocument({
        ownerId: "bench",
        key: { case: "documentId", value: documentId },
        includeChunks: true,
      });
      const leaves = chunks.filter((chunk) => chunk.chunkLevel === 0);
      texts.push(
        ...leaves.map(({ contextPrefix, content }) => (contextPrefix === "" ? content : `${contextPrefix}\n${content}`)),
      );
    }
    if (page.nextPageToken === "") return texts;
    pageToken = page.nextPageToken;
  }
}

import type { Client } from "@connectrpc/connect";
import type { MemoryService } from "#gen/llmemory/v1/memory_service_pb.js";
import { limits } from "../../domain/limits.ts";
import { callTimeoutMs } from "../client/service-connection.ts";

/** Asks which of these ids at origin the owner does not have, a page of ids at a time. */
export async function findMissing(
  memory: Client<typeof MemoryService>,
  input: { readonly ownerId: string; readonly idsAtOrigin: readonly string[] },
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const missing = new Set(input.idsAtOrigin);
  for (let start = 0; start < input.idsAtOrigin.length; start += limits.pageSizeMax) {
    const ids = input.idsAtOrigin.slice(start, start + limits.pageSizeMax);
    let pageToken = "";
    do {
      const page = await memory.listDocuments(
        { ownerId: input.ownerId, filter: { idsAtOrigin: ids }, pageSize: limits.pageSizeMax, pageToken },
        { signal, timeoutMs: callTimeoutMs },
      );
      for (const document of page.documents) missing.delete(document.idAtOrigin);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }
  return missing;
}

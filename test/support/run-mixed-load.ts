import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { SearchType } from "#gen/llmemory/v1/search_service_pb.js";
import type { RpcClients } from "./rpc-clients.ts";

/** Calls of every kind, some of which fail, until it is stopped; a service on this PostgreSQL has something in each of its metrics then. */
export async function runMixedLoad(
  { memory, search }: RpcClients,
  databaseUrl: string,
  { stop, pauseMs = () => 20 }: { readonly stop: AbortSignal; readonly pauseMs?: (round: number) => number },
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const types = [DocumentType.MARKDOWN, DocumentType.CHAT, DocumentType.TEXT];
  for (let round = 0; !stop.aborted; round++) {
    const ownerId = `owner-${round % 3}`;
    const documentType = types[round % 3] ?? DocumentType.TEXT;
    const content = `Note ${round} speaks of tea and of the sea.\n`.repeat(40);
    await memory.addDocument({ ownerId, idAtOrigin: `${round}`, documentType, content });
    for (const searchType of [SearchType.HYBRID, SearchType.TEXT, SearchType.VECTOR]) {
      await search.search({ ownerId, queryText: "tea by the sea", searchType });
      await search.search({ ownerId, queryText: "tea by the sea", searchType });
    }
    await assert.rejects(memory.getDocument({ ownerId, key: { case: "idAtOrigin", value: "none" } }));
    // A connection that the database ends is an error of the database.
    if (round % 20 === 10) {
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'llmemory' and state = 'idle'",
      );
    }
    await sleep(pauseMs(round));
  }
  await client.end();
}

import { create } from "@bufbuild/protobuf";
import { Degradation, type SearchRequest, SearchRequestSchema, type SearchResponse } from "#gen/llmemory/v1/search_service_pb.js";
import { callTimeoutMs, type ServiceConnection } from "../../src/cli/client/service-connection.ts";
import { UserError } from "../../src/cli/command-context.ts";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import type { JudgedCollection, JudgedQuery } from "./judged-collection.ts";
import { ownerOf } from "./store-collection.ts";

/** So many distinct judged ids are looked at. */
export const rankedCount = 10;

/** Several chunks may stand for one judged id, so more are asked for; if that was too few, as many as the service gives. */
const limits = [20, 100] as const;

/** What came back for one query. */
export interface AnsweredQuery {
  readonly collectionName: string;
  readonly query: JudgedQuery;
  /** Judged ids, best first, none twice, at most `rankedCount`. */
  readonly ranked: readonly string[];
  /** What the client waited for the first search. */
  readonly waitedMs: number;
  /** The embedding model that was used; empty if none was. */
  readonly model: string;
  /** Whether the service says that it may have left out chunks before ranking. */
  readonly truncated: boolean;
}

/**
 * Asks all queries of a collection, one after the other.
 *
 * @param template what is asked beyond owner, text and limit.
 * @throws UserError if an answer is degraded or holds what nobody could have judged.
 */
export async function askQueries(
  service: ServiceConnection,
  collection: JudgedCollection,
  template: SearchRequest,
  signal: AbortSignal,
): Promise<AnsweredQuery[]> {
  const answers: AnsweredQuery[] = [];
  for (const query of collection.queries) {
    const ask = (limit: number) =>
      service.search.search(
        create(SearchRequestSchema, { ...template, ownerId: ownerOf(collection), queryText: query.text, limit }),
        { signal, timeoutMs: callTimeoutMs },
      );
    const began = performance.now();
    let response = await ask(limits[0]);
    const waitedMs = performance.now() - began;
    let ranked = distinctJudgedIds(collection, response);
    if (ranked.length < rankedCount && response.results.length === limits[0]) {
      response = await ask(limits[1]);
      ranked = distinctJudgedIds(collection, response);
    }
    answers.push({
      collectionName: collection.name,
      query,
      ranked: ranked.slice(0, rankedCount),
      waitedMs,
      model: response.receipt?.model ?? "",
      truncated: response.receipt?.truncated ?? false,
    });
  }
  return answers;
}

/** The judged ids of the hits in order, each where it came first. */
function distinctJudgedIds(collection: JudgedCollection, { results, receipt }: SearchResponse): string[] {
  const owner = ownerOf(collection);
  const [degraded] = receipt?.degraded ?? [];
  if (degraded !== undefined)
    throw new UserError(`a search of ${owner} was degraded: ${Degradation[degraded]}`, exitCodes.unavailable);
  const ids = results.map((hit) => {
    const id = collection.judgedIdOf(hit);
    if (id !== undefined) return id;
    throw new UserError(`chunk ${hit.chunkIndex} of "${hit.idAtOrigin}" of ${owner} stands for nothing judged`, exitCodes.failed);
  });
  return [...new Set(ids)];
}

import type { ServiceImpl } from "@connectrpc/connect";
import type { SearchService } from "#gen/llmemory/v1/search_service_pb.js";
import type { SearchSettings } from "../config/search-settings.ts";
import { requestContextOf } from "../interceptors/request-context.ts";
import { batchSearch } from "../search/batch-search.ts";
import { recordFeedback } from "../search/record-feedback.ts";
import { type SearchDeps, search } from "../search/search.ts";
import { decodeFeedback } from "./decode-feedback.ts";
import { decodeSearch } from "./decode-search.ts";
import { encodeAnswer } from "./encode-search.ts";
import { searchBatch } from "./search-batch.ts";

type SearchServiceDeps = SearchDeps & { readonly settings: SearchSettings };

export function createSearchService(deps: SearchServiceDeps): ServiceImpl<typeof SearchService> {
  return {
    async search(request, context) {
      const { signal } = requestContextOf(context.values);
      return encodeAnswer(await search(deps, decodeSearch(request, deps.settings), signal, () => context.timeoutMs()));
    },

    batchSearch({ searches }, context) {
      const requestContext = requestContextOf(context.values);
      return searchBatch(searches, requestContext, (accepted) => {
        const queries = accepted.map((search) => decodeSearch(search, deps.settings));
        return batchSearch(deps, queries, requestContext.signal, () => context.timeoutMs());
      });
    },

    async recordFeedback(request, context) {
      await recordFeedback(deps, decodeFeedback(request), requestContextOf(context.values).signal);
      return {};
    },
  };
}

import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { type AdminService, IndexProfile as ProtoIndexProfile } from "#gen/llmemory/v1/admin_service_pb.js";
import { SearchRequestSchema } from "#gen/llmemory/v1/search_service_pb.js";
import { rebuildVectorIndex } from "../admin/rebuild-vector-index.ts";
import type { Clock } from "../domain/clock.ts";
import { abortError } from "../domain/errors.ts";
import type { IndexProfile } from "../domain/index-profile.ts";
import { requestContextOf } from "../interceptors/request-context.ts";
import { explainSearch } from "../search/explain-search.ts";
import type { SearchDeps } from "../search/search.ts";
import { readEmbeddingQueue } from "../storage/embedding-queue.ts";
import { readOwnerStatistics } from "../storage/owner-statistics.ts";
import { decodeSearch } from "./decode-search.ts";
import { encodeDuration } from "./encode-duration.ts";
import { encodeExplanation } from "./encode-explanation.ts";
import { encodeDocumentType } from "./enums.ts";

const profiles: Readonly<Record<ProtoIndexProfile, IndexProfile>> = {
  [ProtoIndexProfile.UNSPECIFIED]: "balanced",
  [ProtoIndexProfile.FAST]: "fast",
  [ProtoIndexProfile.BALANCED]: "balanced",
  [ProtoIndexProfile.ACCURATE]: "accurate",
};

export function createAdminService(deps: SearchDeps & { clock: Clock }): ServiceImpl<typeof AdminService> {
  const ageOf = (createdAt: Date | undefined) =>
    createdAt && { oldestAge: encodeDuration(Math.max(0, deps.clock.now().getTime() - createdAt.getTime())) };
  return {
    async getOwnerStatistics({ ownerId }, context) {
      const { signal } = requestContextOf(context.values);
      const statistics = await readOwnerStatistics(deps.database, deps.table, ownerId, signal);
      return {
        documentCount: BigInt(statistics.documentCount),
        chunkCount: BigInt(statistics.chunkCount),
        totalSizeBytes: BigInt(statistics.totalSizeBytes),
        embeddedChunkCount: BigInt(statistics.embeddedChunkCount),
        embeddingsPending: BigInt(statistics.embeddingsPending),
        embeddingsDead: BigInt(statistics.embeddingsDead),
        documentTypes: statistics.documentTypes.map(({ documentType, documentCount }) => ({
          documentType: encodeDocumentType(documentType),
          documentCount: BigInt(documentCount),
        })),
        ...(statistics.firstCreatedAt && { firstCreatedAt: timestampFromDate(statistics.firstCreatedAt) }),
        ...(statistics.lastUpdatedAt && { lastUpdatedAt: timestampFromDate(statistics.lastUpdatedAt) }),
      };
    },

    async getEmbeddingQueue({ ownerId }, context) {
      const { signal } = requestContextOf(context.values);
      const queue = await readEmbeddingQueue(deps.database, ownerId === "" ? undefined : ownerId, signal);
      return {
        totalSize: BigInt(queue.size),
        dead: BigInt(queue.dead),
        ...ageOf(queue.oldestCreatedAt),
        owners: queue.owners.map((owner) => ({
          ownerId: owner.ownerId,
          size: BigInt(owner.size),
          dead: BigInt(owner.dead),
          ...ageOf(owner.oldestCreatedAt),
        })),
      };
    },

    async explainSearch({ search }, context) {
      // Validation has refused a request without one.
      const query = decodeSearch(search ?? create(SearchRequestSchema));
      return encodeExplanation(
        await explainSearch(deps, query, requestContextOf(context.values).signal, () => context.timeoutMs()),
      );
    },

    async *rebuildVectorIndex({ profile }, context) {
      const { signal } = requestContextOf(context.values);
      for await (const { phase, partitionsDone, partitionsTotal } of rebuildVectorIndex(deps, profiles[profile], signal)) {
        const fraction = partitionsTotal === 0 ? 1 : partitionsDone / partitionsTotal;
        yield { phase, partitionsDone, partitionsTotal, fraction };
      }
      // A handler that returns ends the stream with OK, which a caller that went away must not be told.
      if (signal.aborted) throw abortError(signal);
    },
  };
}

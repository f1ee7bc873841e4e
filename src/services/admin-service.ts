import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import type { Clock } from "../domain/clock.ts";
import { requestContextOf } from "../interceptors/request-context.ts";
import type { Database } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { readEmbeddingQueue } from "../storage/embedding-queue.ts";
import { readOwnerStatistics } from "../storage/owner-statistics.ts";
import { encodeDuration } from "./encode-duration.ts";
import { encodeDocumentType } from "./enums.ts";

export function createAdminService(deps: {
  database: Database;
  table: EmbeddingTable;
  clock: Clock;
}): ServiceImpl<typeof AdminService> {
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
  };
}

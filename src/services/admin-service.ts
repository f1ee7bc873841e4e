import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { type AdminService, IndexProfile as ProtoIndexProfile } from "#gen/llmemory/v1/admin_service_pb.js";
import { SearchRequestSchema } from "#gen/llmemory/v1/search_service_pb.js";
import type { ModelDeps } from "../admin/model-status.ts";
import { rebuildVectorIndex } from "../admin/rebuild-vector-index.ts";
import { describeSettings } from "../config/describe-settings.ts";
import type { Settings } from "../config/settings.ts";
import { decodePageToken, encodePageToken } from "../documents/page-token.ts";
import { abortError } from "../domain/errors.ts";
import { defaultIndexProfile, type IndexProfile } from "../domain/index-profile.ts";
import { limits } from "../domain/limits.ts";
import type { Wakeup } from "../domain/wakeup.ts";
import { requestContextOf } from "../interceptors/request-context.ts";
import { explainSearch } from "../search/explain-search.ts";
import type { SearchDeps } from "../search/search.ts";
import { type DeadJobs, purgeDeadJobs, retryDeadJobs } from "../storage/dead-jobs.ts";
import { type DeadReason, readEmbeddingQueue } from "../storage/embedding-queue.ts";
import { listOwners } from "../storage/list-owners.ts";
import { readOwnerStatistics } from "../storage/owner-statistics.ts";
import { decodeSearch } from "./decode-search.ts";
import { encodeDuration } from "./encode-duration.ts";
import { encodeExplanation } from "./encode-explanation.ts";
import { encodePool } from "./encode-pool.ts";
import { encodeDocumentType } from "./enums.ts";
import { createModelRpcs } from "./model-rpcs.ts";
import { createProfileRpcs } from "./profile-rpcs.ts";

const profiles: Readonly<Record<ProtoIndexProfile, IndexProfile | undefined>> = {
  [ProtoIndexProfile.UNSPECIFIED]: undefined,
  [ProtoIndexProfile.FAST]: "fast",
  [ProtoIndexProfile.BALANCED]: "balanced",
  [ProtoIndexProfile.ACCURATE]: "accurate",
};

/** What probing makes of the service, which lies further out. */
export type HealthRpcs = Pick<ServiceImpl<typeof AdminService>, "getHealthReport" | "getEmbeddingHealth">;

export type AdminDeps = SearchDeps &
  ModelDeps & { readonly jobsEnqueued: Wakeup; readonly settings: Settings; readonly healthRpcs: HealthRpcs };

/** @param drain aborts when the service begins to stop. */
export function createAdminService(deps: AdminDeps, drain: AbortSignal): ServiceImpl<typeof AdminService> {
  const ageOf = (createdAt: Date | undefined) =>
    createdAt && { oldestAge: encodeDuration(Math.max(0, deps.clock.now().getTime() - createdAt.getTime())) };
  return {
    ...createModelRpcs(deps, drain),
    ...createProfileRpcs(drain),
    ...deps.healthRpcs,

    async listOwners({ pageSize = limits.pageSizeDefault, pageToken }, context) {
      const { signal } = requestContextOf(context.values);
      const afterOwnerId = pageToken === "" ? "" : decodeOwnersToken(pageToken);
      const rows = await listOwners(deps.database, { afterOwnerId, count: pageSize + 1 }, signal);
      const owners = rows.slice(0, pageSize);
      const last = owners.at(-1);
      return {
        owners: owners.map(({ ownerId, documentCount, chunkCount }) => ({
          ownerId,
          documentCount: BigInt(documentCount),
          chunkCount: BigInt(chunkCount),
        })),
        nextPageToken: last && rows.length > pageSize ? encodePageToken(ownersQuery, [last.ownerId]) : "",
      };
    },

    getConfiguration() {
      return {
        settings: describeSettings(deps.settings).map(({ variable, value, source = "" }) => ({
          variable,
          source,
          ...(value !== undefined && { value }),
        })),
      };
    },

    getPoolStats() {
      return { pool: encodePool(deps.database.poolStatistics()) };
    },

    async getOwnerStatistics({ ownerId }, context) {
      const { signal } = requestContextOf(context.values);
      const { table } = await deps.models.refresh(signal);
      const statistics = await readOwnerStatistics(deps.database, table, ownerId, deps.clock.now(), signal);
      return {
        documentCount: BigInt(statistics.documentCount),
        chunkCount: BigInt(statistics.chunkCount),
        totalSizeBytes: BigInt(statistics.totalSizeBytes),
        embeddedChunkCount: BigInt(statistics.embeddedChunkCount),
        embeddingsPending: BigInt(statistics.embeddingsPending),
        embeddingsDead: BigInt(statistics.embeddingsDead),
        embeddingsMissing: BigInt(statistics.embeddingsMissing),
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
        deadReasons: encodeReasons(queue.deadReasons),
        owners: queue.owners.map((owner) => ({
          ownerId: owner.ownerId,
          size: BigInt(owner.size),
          dead: BigInt(owner.dead),
          ...ageOf(owner.oldestCreatedAt),
          deadReasons: encodeReasons(owner.deadReasons),
        })),
      };
    },

    async retryDeadJobs(request, context) {
      const { signal } = requestContextOf(context.values);
      const retried = await retryDeadJobs(deps.database, deadJobsOf(request), deps.clock.now(), signal);
      if (retried > 0) deps.jobsEnqueued.notify();
      return { retried: BigInt(retried) };
    },

    async purgeDeadJobs(request, context) {
      const { signal } = requestContextOf(context.values);
      return { purged: BigInt(await purgeDeadJobs(deps.database, deadJobsOf(request), signal)) };
    },

    async explainSearch({ search }, context) {
      // Validation has refused a request without one.
      const query = decodeSearch(search ?? create(SearchRequestSchema), deps.settings);
      return encodeExplanation(
        await explainSearch(deps, query, requestContextOf(context.values).signal, () => context.timeoutMs()),
      );
    },

    async *rebuildVectorIndex({ profile }, context) {
      const { signal } = requestContextOf(context.values);
      const { table } = await deps.models.refresh(signal);
      const asked = profiles[profile] ?? deps.settings.indexProfile ?? defaultIndexProfile;
      const rebuilding = rebuildVectorIndex({ ...deps, table }, asked, signal);
      for await (const { phase, partitionsDone, partitionsTotal } of rebuilding) {
        const fraction = partitionsTotal === 0 ? 1 : partitionsDone / partitionsTotal;
        yield { phase, partitionsDone, partitionsTotal, fraction };
      }
      // A handler that returns ends the stream with OK, which a caller that went away must not be told.
      if (signal.aborted) throw abortError(signal);
    },
  };
}

/** What tells tokens of this list from those of others. */
const ownersQuery = "owners";

function decodeOwnersToken(pageToken: string): string {
  const isOwner = (position: readonly unknown[]): position is readonly [string] =>
    position.length === 1 && typeof position[0] === "string";
  return decodePageToken(pageToken, ownersQuery, "the request", isOwner)[0];
}

function encodeReasons(reasons: readonly DeadReason[]) {
  return reasons.map(({ reason, count }) => ({ reason, count: BigInt(count) }));
}

function deadJobsOf(request: { ownerId: string; modelId: string }): DeadJobs {
  return { ownerId: request.ownerId || undefined, modelId: request.modelId || undefined };
}

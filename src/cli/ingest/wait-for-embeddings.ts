import { type Client, ConnectError } from "@connectrpc/connect";
import type { AdminService } from "#gen/llmemory/v1/admin_service_pb.js";
import { callTimeoutMs } from "../client/service-connection.ts";
import { isTransient } from "../client/service-error.ts";

const pollMs = 500;
/** So many polls in a row may fail, for instance while the service restarts. */
const failedPollsMax = 20;

/** What is left of an owner's embeddings. */
export interface EmbeddingProgress {
  readonly waiting: number;
  /** Failed for good. */
  readonly dead: number;
}

/** Waits until no chunk of the owner waits for its embedding, telling how many are left after each look. */
export async function waitForEmbeddings(
  deps: {
    readonly admin: Client<typeof AdminService>;
    readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  },
  ownerId: string,
  onProgress: (progress: EmbeddingProgress) => void,
  signal: AbortSignal,
): Promise<EmbeddingProgress> {
  for (let failedPolls = 0; ; ) {
    try {
      const queue = await deps.admin.getEmbeddingQueue({ ownerId }, { signal, timeoutMs: callTimeoutMs });
      const progress = { waiting: Number(queue.totalSize), dead: Number(queue.dead) };
      onProgress(progress);
      if (progress.waiting === 0) return progress;
      failedPolls = 0;
    } catch (error) {
      failedPolls++;
      if (failedPolls > failedPollsMax || !(error instanceof ConnectError) || !isTransient(error)) throw error;
    }
    await deps.sleep(pollMs, signal);
  }
}

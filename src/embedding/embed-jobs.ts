import type { LeasedJob } from "../storage/embedding-jobs.ts";
import { checkVectors } from "./check-vectors.ts";
import type { EmbedderOutage } from "./embedder-outage.ts";
import type { EmbeddingProvider } from "./embedding-provider.ts";

/** What became of a batch; each job is in one of the lists. */
export interface BatchOutcome {
  readonly embedded: readonly { readonly job: LeasedJob; readonly embedding: Float32Array }[];
  /** Jobs whose own text is at fault. */
  readonly failed: readonly { readonly job: LeasedJob; readonly error: unknown }[];
  /** Jobs that nothing is known of: the embedder does not work, or the signal has aborted. */
  readonly untried: readonly LeasedJob[];
  /** What the embedder threw, if it does not work. */
  readonly outageError: unknown;
}

export interface EmbedJobsDeps {
  readonly provider: EmbeddingProvider;
  readonly outage: EmbedderOutage;
  /** An embedder that takes longer for a call hangs. */
  readonly callMs: number;
}

/**
 * Embeds a batch, equal texts of an owner once. Where it fails though the embedder works, its halves are tried, and theirs, so that a text
 * that cannot be embedded fails alone and the others are stored.
 */
export async function embedJobs(deps: EmbedJobsDeps, jobs: readonly LeasedJob[], signal: AbortSignal): Promise<BatchOutcome> {
  const outcome: Outcome = { embedded: [], failed: [], untried: [], outageError: undefined };
  const byInput = Map.groupBy(jobs, (job) => `${job.ownerId} ${job.inputHash.toString("hex")}`);
  await embedInputs(deps, [...byInput.values()], signal, outcome);
  return outcome;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] };
type Outcome = Mutable<BatchOutcome>;

/** @param inputs the jobs of each text. */
async function embedInputs(
  deps: EmbedJobsDeps,
  inputs: readonly LeasedJob[][],
  signal: AbortSignal,
  outcome: Outcome,
): Promise<void> {
  const { provider, outage, callMs } = deps;
  if (signal.aborted || outage.isOn) {
    outcome.untried.push(...inputs.flat());
    return;
  }
  try {
    // Compatibility forms of characters are folded for the model alone; the stored text stays as it came.
    const texts = inputs.map(([job]) => (job?.content ?? "").normalize("NFKC"));
    const embeddings = await provider.embed(texts, "document", AbortSignal.any([signal, AbortSignal.timeout(callMs)]));
    checkVectors(provider.model, embeddings, texts.length);
    for (const [index, embedding] of embeddings.entries())
      for (const job of inputs[index] ?? []) outcome.embedded.push({ job, embedding });
  } catch (error) {
    if (signal.aborted || (await outage.isCauseOf(error, signal))) {
      outcome.untried.push(...inputs.flat());
      if (!signal.aborted) outcome.outageError = error;
    } else if (inputs.length > 1) {
      const middle = Math.ceil(inputs.length / 2);
      await embedInputs(deps, inputs.slice(0, middle), signal, outcome);
      await embedInputs(deps, inputs.slice(middle), signal, outcome);
    } else outcome.failed.push(...inputs.flat().map((job) => ({ job, error })));
  }
}

import { LRUCache } from "lru-cache";
import { untilAborted } from "../domain/until-aborted.ts";
import type { EmbeddingProvider } from "../embedding/embedding-provider.ts";
import type { Metrics } from "../observability/metrics.ts";

/** A query that is being embedded, for everybody who asks for it meanwhile. */
interface SharedCall {
  readonly vector: Promise<Float32Array>;
  readonly stop: AbortController;
  waiters: number;
}

/** What an entry takes beside its vector and its key: the objects around them. */
const overheadBytes = 200;

/** Keeps the vectors of queries, the latest used, and embeds a query once however many ask for it at the same time. */
export class QueryEmbeddingCache {
  readonly #metrics: Pick<Metrics, "queryCacheHits" | "queryCacheMisses">;
  /** Undefined: nothing is kept. */
  readonly #vectors: LRUCache<string, Float32Array> | undefined;
  readonly #calls = new Map<string, SharedCall>();

  /** @param bytesMax 0: nothing is kept. */
  constructor(bytesMax: number, metrics: Pick<Metrics, "queryCacheHits" | "queryCacheMisses">) {
    this.#metrics = metrics;
    if (bytesMax > 0) {
      const sizeCalculation = (vector: Float32Array, key: string) => vector.byteLength + 2 * key.length + overheadBytes;
      this.#vectors = new LRUCache({ maxSize: bytesMax, sizeCalculation });
    }
  }

  /** How much it holds. */
  get size(): { readonly bytes: number; readonly entries: number } {
    return { bytes: this.#vectors?.calculatedSize ?? 0, entries: this.#vectors?.size ?? 0 };
  }

  /**
   * The vector of a query, which is embedded in NFKC. The caller owns it.
   *
   * @param signal ends this caller's wait; the call itself goes on while anybody else waits for it.
   * @throws what the provider throws, or `abortError(signal)`.
   */
  async embed(provider: EmbeddingProvider, text: string, signal: AbortSignal): Promise<Float32Array> {
    const query = text.normalize("NFKC");
    const key = `${provider.model.modelId}\0${query}`;
    const known = this.#vectors?.get(key);
    if (known) {
      this.#metrics.queryCacheHits.inc();
      return known.slice();
    }
    const call = this.#join(provider, query, key);
    try {
      return (await untilAborted(call.vector, signal)).slice();
    } finally {
      call.waiters--;
      if (call.waiters === 0) this.#leave(key, call);
    }
  }

  #join(provider: EmbeddingProvider, query: string, key: string): SharedCall {
    const current = this.#calls.get(key);
    if (current) {
      current.waiters++;
      this.#metrics.queryCacheHits.inc();
      return current;
    }
    this.#metrics.queryCacheMisses.inc();
    const stop = new AbortController();
    const call: SharedCall = { vector: this.#call(provider, query, key, stop.signal), stop, waiters: 1 };
    this.#calls.set(key, call);
    const end = () => this.#end(key, call);
    call.vector.then(end, end);
    return call;
  }

  async #call(provider: EmbeddingProvider, query: string, key: string, signal: AbortSignal): Promise<Float32Array> {
    const [vector] = await provider.embed([query], "query", signal);
    if (!vector) throw new Error(`model ${provider.model.modelId} gave no vector for a query`);
    this.#vectors?.set(key, vector.slice());
    return vector;
  }

  /** Nobody waits any more: a call that is still under way is given up, and the next who asks begins another. */
  #leave(key: string, call: SharedCall): void {
    if (this.#end(key, call)) call.stop.abort();
  }

  /** Nobody joins the call any more. Returns whether it was under way. */
  #end(key: string, call: SharedCall): boolean {
    return this.#calls.get(key) === call && this.#calls.delete(key);
  }
}

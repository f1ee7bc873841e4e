import { setImmediate as nextTurn } from "node:timers/promises";
import { abortError } from "../domain/errors.ts";
import type { EmbeddingProvider } from "./embedding-provider.ts";
import { toUnitVector } from "./mean-pooling.ts";

const fnvOffsetBasis = 2_166_136_261;
const fnvPrime = 16_777_619;

// 32 chunks of 508 tokens take about 3 ms; then other work of the event loop has its turn.
const textsPerTurn = 32;

/**
 * Hashed bags of words: no model, no threads, equal in every language it is ported to (bench peers use the same, `hembed.py`). For tests and
 * benchmarks; it finds shared words and no meaning.
 */
export function createHashingEmbedder({ dimension }: { readonly dimension: number }): EmbeddingProvider {
  return {
    model: {
      modelId: `hashing/${dimension}`,
      provider: "hashing",
      name: String(dimension),
      dimension,
      documentPrefix: "",
      queryPrefix: "",
      // It reads texts of any length. With e5-small-v2's limit the chunks are the same for both, so that comparisons differ in vectors alone.
      chunkTokensMax: 508,
    },
    embed: async (texts, _purpose, signal) => {
      const vectors: Float32Array[] = [];
      for (const [index, text] of texts.entries()) {
        if (index > 0 && index % textsPerTurn === 0) await nextTurn();
        if (signal.aborted) throw abortError(signal);
        vectors.push(embedHashedWords(text, dimension));
      }
      return vectors;
    },
    close: async () => {},
  };
}

/**
 * Each token `[a-z0-9]+` of the lower-cased text adds +1 or −1 (the top bit of its FNV-1a 32 hash) to the component hash mod dimension; the
 * sum is scaled to unit length. The reference rounds to six digits to write JSON; here nothing is rounded, so that vectors are of unit length.
 *
 * @returns for a text without tokens, or whose tokens cancel, the first unit vector, since a zero vector has no cosine.
 */
export function embedHashedWords(text: string, dimension: number): Float32Array {
  const counts = new Float64Array(dimension);
  for (const [token] of text.toLowerCase().matchAll(/[a-z0-9]+/g)) {
    const hash = hashFnv1a32(token);
    const component = hash % dimension;
    counts[component] = (counts[component] ?? 0) + (hash >>> 31 === 1 ? 1 : -1);
  }
  if (counts.every((count) => count === 0)) counts[0] = 1;
  return toUnitVector(counts);
}

/** FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/), of a text whose UTF-16 units are bytes, as ASCII tokens are. */
function hashFnv1a32(token: string): number {
  let hash = fnvOffsetBasis;
  for (let index = 0; index < token.length; index++) {
    hash = Math.imul(hash ^ token.charCodeAt(index), fnvPrime) >>> 0;
  }
  return hash;
}

import { readFile } from "node:fs/promises";
import { findDemoDocuments } from "../../src/cli/demo/demo-documents.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createLocalEmbedder } from "../../src/embedding/local-embedder.ts";
import { randomNumbers } from "../../test/support/random-numbers.ts";

const passages = 1_000;
const questions = 200;
const passageChars = 600;

/** Vectors that lie as those of the local model do. */
export interface ModelVectors {
  /** One more vector of a text; each call gives another. */
  readonly nextPassage: () => Float32Array;
  /** Gives real vectors of real questions, whatever it is asked: the same question the same one. */
  readonly provider: EmbeddingProvider;
}

/**
 * Embeds real texts, passages and eight words of other places as questions, with the local model, and makes any number of vectors from
 * the passages': the weighted mean of two and a little noise, at unit length. Embedding a hundred thousand texts would take two hours.
 */
export async function makeModelVectors(): Promise<ModelVectors> {
  const random = randomNumbers(5);
  const texts = await readPassages();
  const embedder = await createLocalEmbedder({ workers: 2, onTruncated() {} });
  const { signal } = new AbortController();
  const vectors = await embedder.embed(texts.slice(0, passages), "document", signal);
  const asked = await embedder.embed(texts.slice(-questions).map(eightWords), "query", signal);
  await embedder.close();
  const pick = () => vectors[Math.floor(random() * vectors.length)] ?? new Float32Array();
  return {
    nextPassage: () => {
      const [first, second, share] = [pick(), pick(), 0.5 + random() / 2];
      // Of length 0.1 in all: texts of one place differ by about as much.
      const noise = 0.17 / Math.sqrt(first.length);
      return unit(first.map((value, index) => share * value + (1 - share) * (second[index] ?? 0) + noise * (2 * random() - 1)));
    },
    provider: {
      model: { ...embedder.model },
      embed: async (queries) => queries.map((query) => (asked[sumOf(query) % asked.length] ?? new Float32Array()).slice()),
      close: async () => {},
    },
  };
}

async function readPassages(): Promise<string[]> {
  const { files } = await findDemoDocuments(new AbortController().signal);
  const texts: string[] = [];
  for (const { path } of files) {
    const text = (await readFile(path, "utf8")).replaceAll(/\s+/g, " ");
    for (let start = 0; start + passageChars < text.length && start < 20 * passageChars; start += passageChars / 2) {
      texts.push(text.slice(start, start + passageChars));
    }
  }
  if (texts.length < passages + questions) throw new Error(`there are only ${texts.length} passages under node_modules`);
  return texts;
}

function eightWords(text: string): string {
  return text.split(" ").slice(10, 18).join(" ");
}

function sumOf(text: string): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return sum;
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

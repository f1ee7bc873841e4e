import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import type { EmbeddingProvider } from "../../src/embedding/embedding-provider.ts";
import { createLocalEmbedder } from "../../src/embedding/local-embedder.ts";
import { randomNumbers } from "../../test/support/random-numbers.ts";

const passageCount = 60_000;
const questionCount = 200;
/** Texts per call of the embedder. */
const batchSize = 96;

/** Vectors of real texts by the local model: of sentences from the documentation of the installed packages. */
export interface ModelVectors {
  /** Embeds the passages, which takes minutes; gives one after the other, and begins anew after the last. */
  readonly embedPassages: () => Promise<() => Float32Array>;
  /** Gives the vectors of real questions, the first words of other sentences, whatever it is asked: the same question the same one. */
  readonly provider: EmbeddingProvider;
}

export async function makeModelVectors(): Promise<ModelVectors> {
  const sentences = await readSentences();
  const questions = sentences.slice(passageCount, passageCount + questionCount);
  if (questions.length < questionCount) throw new Error(`there are only ${sentences.length} sentences under node_modules`);
  const asked = await embedAll(
    questions.map((text) => text.split(" ").slice(0, 8).join(" ")),
    "query",
  );
  const { model, vectors } = asked;
  return {
    embedPassages: async () => {
      const passages = await embedAll(sentences.slice(0, passageCount), "document");
      let next = 0;
      return () => passages.vectors[next++ % passageCount] ?? new Float32Array();
    },
    provider: {
      model,
      embed: async (queries) => queries.map((query) => (vectors[sumOf(query) % vectors.length] ?? new Float32Array()).slice()),
      close: async () => {},
    },
  };
}

async function embedAll(texts: readonly string[], purpose: "document" | "query") {
  const embedder = await createLocalEmbedder({ workers: 2, onTruncated() {} });
  try {
    const { signal } = new AbortController();
    const vectors: Float32Array[] = [];
    while (vectors.length < texts.length) {
      vectors.push(...(await embedder.embed(texts.slice(vectors.length, vectors.length + batchSize), purpose, signal)));
      if (vectors.length % (batchSize * 50) === 0)
        process.stderr.write(`${vectors.length} of ${texts.length} sentences are embedded\n`);
    }
    return { model: embedder.model, vectors };
  } finally {
    await embedder.close();
  }
}

/** Distinct sentences of Markdown files and of comments in type declarations, in an order by chance that is always the same. */
async function readSentences(): Promise<string[]> {
  const sentences = new Set<string>();
  const files = globSync("node_modules/**/*.{md,d.ts,d.mts,d.cts}", { cwd: repositoryDirectory });
  for (const file of files.sort()) {
    const text = await readFile(join(repositoryDirectory, file), "utf8").catch(() => "");
    const prose = file.endsWith(".md") ? text : commentsOf(text);
    for (const sentence of prose.split(/\n\s*\n|(?<=[.!?])\s+/)) {
      const line = sentence.replaceAll(/\s+/g, " ").trim();
      if (line.length >= 40 && line.length <= 300 && /[a-z]{3} [a-z]{2}/.test(line)) sentences.add(line);
    }
  }
  const random = randomNumbers(5);
  return [...sentences]
    .map((sentence) => ({ sentence, place: random() }))
    .sort((left, right) => left.place - right.place)
    .map(({ sentence }) => sentence);
}

function commentsOf(code: string): string {
  return [...code.matchAll(/\/\*\*([\s\S]*?)\*\//g)].map(([, comment = ""]) => comment.replaceAll(/^\s*\*/gm, "")).join("\n\n");
}

function sumOf(text: string): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return sum;
}

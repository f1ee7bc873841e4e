import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CancelledError, DeadlineExceededError, LimitExceededError } from "../../src/domain/errors.ts";
import type { EmbeddingProvider, EmbeddingPurpose } from "../../src/embedding/embedding-provider.ts";
import { createLocalEmbedder } from "../../src/embedding/local-embedder.ts";

const never = new AbortController().signal;
const question = "how do I reset my password";
const answer = "To choose a new password, open the sign-in page, press 'Forgot password' and follow the link in the mail.";
const noAnswer = "Parcels leave our warehouse every morning except Sunday, and most arrive within three days.";

let embedder: EmbeddingProvider;
let truncatedCount = 0;

beforeAll(async () => {
  embedder = await createLocalEmbedder({
    workers: 2,
    onTruncated: (count) => {
      truncatedCount += count;
    },
  });
});

afterAll(() => embedder.close());

describe("local embedder", () => {
  it("describes the model that comes with llmemory", () => {
    expect(embedder.model).toEqual({
      modelId: "local/e5-small-v2",
      provider: "local",
      name: "e5-small-v2",
      dimension: 384,
      documentPrefix: "passage: ",
      queryPrefix: "query: ",
      chunkTokensMax: 508,
    });
  });

  it("finds a passage that answers a question clearly nearer than one that does not", async () => {
    const query = await embedOne(question, "query");
    const near = dot(query, await embedOne(answer, "document"));
    const far = dot(query, await embedOne(noAnswer, "document"));
    // Measured 0.894 and 0.742; this model's similarities all lie close together.
    expect(near).toBeGreaterThan(far + 0.1);
  });

  it("gives unit vectors of the model's dimension, also for an empty text", async () => {
    for (const vector of await embedder.embed([answer, "x", ""], "document", never)) {
      expect(vector).toHaveLength(384);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    }
  });

  it("gives the same vector for a text alone and among others of other lengths", async () => {
    const alone = await embedOne(answer, "document");
    const others = Array.from({ length: 12 }, (_, index) => `${noAnswer} `.repeat((index % 4) + 1));
    const [first, together] = await Promise.all([
      embedder.embed([answer, ...others], "document", never),
      embedder.embed([...others, answer], "document", never),
    ]);
    expect(dot(first[0], alone)).toBeGreaterThan(0.999);
    expect(dot(together.at(-1), alone)).toBeGreaterThan(0.999);
  });

  it("gives the vectors in the order of the texts", async () => {
    const texts = Array.from({ length: 8 }, (_, index) => `${answer.repeat(8 - index)} ${index}`);
    const together = await embedder.embed(texts, "document", never);
    for (const [index, text] of texts.entries()) {
      expect(dot(together[index], await embedOne(text, "document"))).toBeGreaterThan(0.999);
    }
  });

  it("tells queries from documents by the model's prefixes", async () => {
    expect(dot(await embedOne(answer, "query"), await embedOne(answer, "document"))).toBeLessThan(0.999);
  });

  it("embeds a text of exactly the chunk limit whole and counts a longer one as truncated", async () => {
    truncatedCount = 0;
    const full = "word ".repeat(embedder.model.chunkTokensMax);
    const whole = await embedOne(full, "document");
    expect(truncatedCount).toBe(0);
    const cut = await embedder.embed([`${full} more`, `${full} other words at its end`], "document", never);
    expect(truncatedCount).toBe(2);
    for (const vector of cut) expect(dot(vector, whole)).toBeGreaterThan(0.999);
  });

  it("answers a query before the documents that were queued earlier, and documents in their order", async () => {
    const finished: string[] = [];
    const documents = Array.from({ length: 50 }, (_, index) =>
      embedOne(`${answer} ${index}`, "document").then(() => finished.push(`document ${index}`)),
    );
    const query = embedOne(question, "query").then(() => finished.push("query"));
    await Promise.all([...documents, query]);
    expect(finished.indexOf("query")).toBeLessThan(25);
    // Two threads: neighbours may swap.
    expect(finished.indexOf("document 0")).toBeLessThan(finished.indexOf("document 10"));
    expect(finished.indexOf("document 10")).toBeLessThan(finished.indexOf("document 40"));
  });

  it("gives no vectors for no texts", async () => {
    expect(await embedder.embed([], "document", never)).toEqual([]);
  });

  it("refuses a caller that has already gone away", async () => {
    await expect(embedder.embed([answer], "query", AbortSignal.abort())).rejects.toThrow(CancelledError);
    const late = AbortSignal.abort(new DOMException("late", "TimeoutError"));
    await expect(embedder.embed([answer], "query", late)).rejects.toThrow(DeadlineExceededError);
  });

  it("refuses more texts than may wait", async () => {
    const texts = new Array<string>(1_025).fill("text");
    await expect(embedder.embed(texts, "document", never)).rejects.toThrow(LimitExceededError);
    await expect(embedder.embed(texts.slice(0, 257), "query", never)).rejects.toThrow(
      "0 query texts wait to be embedded, 257 more exceed 256",
    );
  });
});

async function embedOne(text: string, purpose: EmbeddingPurpose): Promise<Float32Array> {
  const [vector] = await embedder.embed([text], purpose, never);
  if (vector === undefined) throw new Error("embed gave no vector");
  return vector;
}

/** The cosine similarity of unit vectors. */
function dot(left: Float32Array | undefined, right: Float32Array): number {
  if (left === undefined) throw new Error("a vector is missing");
  return left.reduce((sum, component, index) => sum + component * (right[index] ?? 0), 0);
}

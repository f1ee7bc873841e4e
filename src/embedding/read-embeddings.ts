import { isRecord, ModelCallError } from "../endpoint/model-call.ts";
import { EmbeddingUnavailableError } from "./embedding-failure.ts";
import type { EmbeddingModel } from "./embedding-provider.ts";
import { toUnitVector } from "./mean-pooling.ts";

export interface Embeddings {
  /** Unit vectors in the order of the texts. */
  readonly vectors: readonly Float32Array[];
  /** What the endpoint has counted; undefined if it does not say. */
  readonly tokens: number | undefined;
}

/**
 * Reads an endpoint's answer, of which nothing is believed.
 *
 * @param textCount how many texts were sent, at least 1.
 * @throws ModelCallError `invalid_answer` unless there is exactly one vector for each text, of finite numbers of which one is not zero;
 *         EmbeddingUnavailableError `wrong_dimension`.
 */
export function readEmbeddings(
  answer: unknown,
  { textCount, model }: { readonly textCount: number; readonly model: EmbeddingModel },
): Embeddings {
  const data = isRecord(answer) ? answer.data : undefined;
  if (!isRecord(answer) || !Array.isArray(data)) throw new ModelCallError("invalid_answer", "the answer has no list of vectors");
  if (data.length !== textCount) {
    throw new ModelCallError("invalid_answer", `the answer has ${data.length} vectors for ${textCount} texts`);
  }
  const vectors = new Map<number, Float32Array>();
  for (const [position, entry] of data.entries()) {
    const { index = position, embedding } = isRecord(entry) ? entry : {};
    if (typeof index !== "number" || vectors.has(index)) throw unclearOrder();
    vectors.set(index, readVector(embedding, model));
  }
  const inOrder = Array.from({ length: textCount }, (_, index) => vectors.get(index)).filter((vector) => vector !== undefined);
  if (inOrder.length < textCount) throw unclearOrder();
  return { vectors: inOrder, tokens: readTokens(answer.usage) };
}

function readVector(embedding: unknown, model: EmbeddingModel): Float32Array {
  const components = readComponents(embedding);
  if (components.length !== model.dimension) throw wrongDimension(model, components.length);
  if (!components.every(Number.isFinite))
    throw new ModelCallError("invalid_answer", "the answer holds a vector with something other than numbers");
  if (components.every((component) => component === 0))
    throw new ModelCallError("invalid_answer", "the answer holds a vector of zeros");
  return toUnitVector(components);
}

/** A vector in either of the forms that were asked for: base64 of little-endian floats of 32 bits, or a list of numbers. */
function readComponents(embedding: unknown): Float64Array {
  if (Array.isArray(embedding))
    return Float64Array.from(embedding, (component) => (typeof component === "number" ? component : Number.NaN));
  if (typeof embedding !== "string") throw new ModelCallError("invalid_answer", "the answer holds something other than vectors");
  const bytes = Buffer.from(embedding, "base64");
  if (bytes.byteLength % 4 !== 0) throw new ModelCallError("invalid_answer", "the answer holds a vector that is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.byteLength / 4 }, (_, component) => view.getFloat32(4 * component, true));
}

function readTokens(usage: unknown): number | undefined {
  const tokens = isRecord(usage) ? (usage.total_tokens ?? usage.prompt_tokens) : undefined;
  return typeof tokens === "number" && Number.isFinite(tokens) && tokens > 0 ? tokens : undefined;
}

function unclearOrder(): ModelCallError {
  return new ModelCallError("invalid_answer", "the answer does not say which vector belongs to which text");
}

function wrongDimension({ name, dimension }: EmbeddingModel, actual: number): EmbeddingUnavailableError {
  return new EmbeddingUnavailableError(
    "wrong_dimension",
    `the endpoint's vectors of model ${name} have ${actual} components, not ${dimension}; set LLMEMORY_EMBEDDING_DIMENSION=${actual} if that is ` +
      "the model you mean, else LLMEMORY_EMBEDDING_MODEL or LLMEMORY_EMBEDDING_BASE_URL as they were",
  );
}

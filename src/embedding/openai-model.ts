import { createHash } from "node:crypto";
import { StartupError } from "../domain/errors.ts";
import type { EmbeddingModelSpec } from "./embedding-model-spec.ts";
import type { EmbeddingModel } from "./embedding-provider.ts";
import { type KnownModel, knownModel } from "./known-models.ts";
import { specialTokenCount } from "./model-input.ts";
import { estimateTokens } from "./text-batches.ts";

/** A model behind an endpoint, with all that has to be known to ask it. */
export interface OpenAiModel {
  readonly model: EmbeddingModel;
  /** Sent as `dimensions`; undefined: the vectors come as long as they are. */
  readonly requestedDimension: number | undefined;
  /** Tokens that it reads of one text, prefix included. */
  readonly inputTokensMax: number;
}

/** What an unknown model is taken to read, as most open models do. */
const inputTokensDefault = 512;

/** Chunks are counted with our own tokenizer, and the model's own may find a quarter more tokens in the same text. */
const chunkShareOfInput = 0.8;

/**
 * Puts together what the settings and the registry say of a model.
 *
 * The id is `openai/NAME`, with `@1024` behind it for vectors that were shortened to that, and `+` with eight letters of a hash for a
 * document prefix other than the model's own: each of them makes other vectors.
 *
 * @throws StartupError for a model without a name, one that is not known and whose dimension is not given, or one that cannot have it.
 */
export function resolveOpenAiModel(spec: EmbeddingModelSpec): OpenAiModel {
  const { name } = spec;
  if (!name) throw new StartupError("the openai provider needs the name of a model; set LLMEMORY_EMBEDDING_MODEL");
  const known = knownModel(name);
  const dimension = dimensionOf(name, spec.dimension, known);
  const isShortened = known !== undefined && dimension !== known.dimension;
  const knownPrefix = known?.documentPrefix ?? "";
  const documentPrefix = spec.documentPrefix ?? knownPrefix;
  const inputTokensMax = spec.inputTokensMax ?? known?.inputTokensMax ?? inputTokensDefault;
  const freeTokens = inputTokensMax - specialTokenCount - estimateTokens(documentPrefix);
  return {
    model: {
      modelId: `openai/${name}${isShortened ? `@${dimension}` : ""}${documentPrefix === knownPrefix ? "" : `+${shortHash(documentPrefix)}`}`,
      provider: "openai",
      name,
      dimension,
      documentPrefix,
      queryPrefix: spec.queryPrefix ?? known?.queryPrefix ?? "",
      chunkTokensMax: Math.max(1, Math.floor(chunkShareOfInput * freeTokens)),
    },
    requestedDimension: isShortened ? dimension : undefined,
    inputTokensMax,
  };
}

function dimensionOf(name: string, asked: number | undefined, known: KnownModel | undefined): number {
  if (asked === undefined && known === undefined) {
    throw new StartupError(
      `model ${name} is not one of those that llmemory knows; set LLMEMORY_EMBEDDING_DIMENSION to the length of its vectors, and, ` +
        "if it wants them, LLMEMORY_EMBEDDING_DOCUMENT_PREFIX, LLMEMORY_EMBEDDING_QUERY_PREFIX and LLMEMORY_EMBEDDING_INPUT_TOKENS",
    );
  }
  if (known === undefined || asked === undefined || asked === known.dimension) return asked ?? known?.dimension ?? 0;
  if (known.canShorten && asked < known.dimension) return asked;
  const allowed = known.canShorten ? `at most ${known.dimension}` : `${known.dimension} and no others`;
  throw new StartupError(
    `the vectors of model ${name} can have ${allowed} components, not ${asked}; unset LLMEMORY_EMBEDDING_DIMENSION`,
  );
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

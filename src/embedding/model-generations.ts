import { DependencyUnavailableError, StartupError } from "../domain/errors.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import { Wakeup } from "../domain/wakeup.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Database } from "../storage/database.ts";
import { type EmbeddingTable, requireDimension } from "../storage/embedding-models.ts";
import { type RegisteredModel, readModels } from "../storage/model-registry.ts";
import type { EmbeddingModelSpec } from "./embedding-model-spec.ts";
import type { EmbeddingProvider } from "./embedding-provider.ts";
import { observeProvider } from "./observed-provider.ts";
import { storedModelSpec } from "./stored-model-spec.ts";

/** The vectors of one model together with what makes them: whoever compares vectors takes both from the same generation. */
export interface Generation {
  readonly table: EmbeddingTable;
  /** Counts and times its calls. */
  readonly provider: EmbeddingProvider;
  /** The same without counting, for probes. */
  readonly bareProvider: EmbeddingProvider;
}

/** The generation that searches use, as far as this process knows. */
export interface ActiveGeneration {
  readonly active: Generation;
  /** Looks the active model up anew: another process may have switched. */
  refresh(signal?: AbortSignal): Promise<Generation>;
}

export interface ModelGenerationsDeps {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Opens a model on this machine; the caller closes it. */
  readonly openProvider: (spec: EmbeddingModelSpec) => Promise<EmbeddingProvider>;
}

/**
 * The models whose vectors are stored, as the registry has them, and their providers in this process, each opened once when it is first
 * needed. Which one is active is a fact of the database: a process learns of a switch from the next search, since its facts name the
 * active model, or when it looks at the registry, which it does every few seconds.
 */
export class ModelGenerations implements ActiveGeneration {
  /** Told when the registry was seen to have changed. */
  readonly changed = new Wakeup();
  readonly #deps: ModelGenerationsDeps;
  readonly #opened = new Map<string, Promise<Generation>>();
  #models: readonly RegisteredModel[];
  #active: Generation;
  /** Whether the active model could not be opened here; it is tried again. */
  #isUnavailable = false;
  #refreshing: Promise<Generation> | undefined;

  /**
   * Reads the registry, in which a model is active, and opens that one.
   *
   * @param configured the provider that the settings name, if it is open: it is taken if its model is the active one, and closed else.
   * @throws StartupError if the active model cannot be opened here.
   */
  static async open(deps: ModelGenerationsDeps, configured?: EmbeddingProvider): Promise<ModelGenerations> {
    const models = await readModels(deps.database);
    const [active] = models;
    if (active?.state !== "active") throw new Error("no embedding model is active");
    const isActive = configured?.model.modelId === active.table.modelId;
    if (configured && !isActive) await configured.close();
    const generation = isActive && configured ? toGeneration(deps, active, configured) : await openGeneration(deps, active);
    return new ModelGenerations(deps, models, generation);
  }

  private constructor(deps: ModelGenerationsDeps, models: readonly RegisteredModel[], active: Generation) {
    this.#deps = deps;
    this.#models = models;
    this.#active = active;
    this.#opened.set(active.table.modelId, Promise.resolve(active));
  }

  get active(): Generation {
    return this.#active;
  }

  /** All models when the registry was last read. */
  get models(): readonly RegisteredModel[] {
    return this.#models;
  }

  /** The active model's provider, whichever that is at the moment of a call. */
  activeProvider(): EmbeddingProvider {
    const current = () => this.#active.bareProvider;
    return {
      get model() {
        return current().model;
      },
      get lastAnswerAgeMs() {
        return current().lastAnswerAgeMs;
      },
      embed: (texts, purpose, signal) => current().embed(texts, purpose, signal),
      close: async () => undefined,
    };
  }

  async refresh(signal?: AbortSignal): Promise<Generation> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return await (signal ? untilAborted(this.#refreshing, signal) : this.#refreshing);
  }

  /**
   * The generation of a registered model, opened if it is not.
   *
   * @throws StartupError if it cannot be opened here.
   */
  generationOf(model: RegisteredModel): Promise<Generation> {
    const { modelId } = model.table;
    const known = this.#opened.get(modelId);
    if (known !== undefined) return known;
    const opening = openGeneration(this.#deps, model);
    this.#opened.set(modelId, opening);
    opening.catch(() => this.#opened.delete(modelId));
    return opening;
  }

  /** Opens a model that is not registered, to see that it works; the caller closes it. */
  tryOut(spec: EmbeddingModelSpec): Promise<EmbeddingProvider> {
    return this.#deps.openProvider(spec);
  }

  /** Closes the providers of models that are gone, whose workers have stopped. */
  async closeDropped(): Promise<void> {
    const kept = new Set(this.#models.filter(({ state }) => state !== "dropping").map(({ table }) => table.modelId));
    const dropped = [...this.#opened].filter(([modelId]) => !kept.has(modelId));
    for (const [modelId, opening] of dropped) {
      this.#opened.delete(modelId);
      await closeOpened(opening);
    }
  }

  async close(): Promise<void> {
    for (const opening of this.#opened.values()) await closeOpened(opening);
  }

  async #refresh(): Promise<Generation> {
    const models = await readModels(this.#deps.database);
    const before = summaryOf(this.#models);
    this.#models = models;
    const [active] = models;
    if (active?.state !== "active") throw new Error("no embedding model is active");
    if (active.table.modelId !== this.#active.table.modelId || this.#isUnavailable) await this.#use(active);
    if (summaryOf(models) !== before) this.changed.notify();
    return this.#active;
  }

  async #use(model: RegisteredModel): Promise<void> {
    const { logger } = this.#deps;
    try {
      this.#active = await this.generationOf(model);
      this.#isUnavailable = false;
      logger.info({ model: model.table.modelId }, "searches use another embedding model from now on");
    } catch (error) {
      // Its vectors are the ones to be searched all the same: a query embedded by another model would find anything.
      if (!this.#isUnavailable)
        logger.error({ err: error, model: model.table.modelId }, "the active embedding model cannot be opened here");
      this.#active = toGeneration(this.#deps, model, unavailableProvider(model, error));
      this.#isUnavailable = true;
    }
  }
}

async function openGeneration(deps: ModelGenerationsDeps, model: RegisteredModel): Promise<Generation> {
  const provider = await deps.openProvider(storedModelSpec(model));
  try {
    requireDimension(provider.model, model.table);
    if (provider.model.modelId !== model.table.modelId) {
      throw new StartupError(
        `the stored vectors are of model ${model.table.modelId}, but what opens is ${provider.model.modelId}; restore the model's files or endpoint`,
      );
    }
  } catch (error) {
    await provider.close();
    throw error;
  }
  return toGeneration(deps, model, provider);
}

function toGeneration(deps: ModelGenerationsDeps, { table }: RegisteredModel, provider: EmbeddingProvider): Generation {
  return { table, provider: observeProvider(provider, deps.metrics), bareProvider: provider };
}

function unavailableProvider(model: RegisteredModel, cause: unknown): EmbeddingProvider {
  const { modelId, dimension } = model.table;
  const { provider } = storedModelSpec(model);
  return {
    model: {
      modelId,
      provider,
      name: model.name,
      dimension,
      documentPrefix: "",
      queryPrefix: "",
      chunkTokensMax: model.chunkTokensMax ?? 0,
    },
    embed: async () => {
      throw new DependencyUnavailableError("embeddings", `the embedding model ${modelId} cannot be opened here`, { cause });
    },
    close: async () => undefined,
  };
}

/** What others act on: which models there are, and in which state. */
function summaryOf(models: readonly RegisteredModel[]): string {
  return JSON.stringify(models.map(({ table, state, queuedAt }) => [table.modelId, state, queuedAt !== undefined]));
}

async function closeOpened(opening: Promise<Generation>): Promise<void> {
  const generation = await opening.catch(() => undefined);
  await generation?.bareProvider.close();
}

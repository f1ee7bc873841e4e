import type { Settings } from "../config/settings.ts";
import type { Clock } from "../domain/clock.ts";
import { StartupError } from "../domain/errors.ts";
import { checkEndpoint } from "../embedding/check-endpoint.ts";
import { createEmbeddingProvider } from "../embedding/create-embedding-provider.ts";
import { type EmbeddingModelSpec, modelSpecOf } from "../embedding/embedding-model-spec.ts";
import type { EmbeddingProvider } from "../embedding/embedding-provider.ts";
import { findModelDirectory } from "../embedding/find-model-directory.ts";
import { ModelGenerations } from "../embedding/model-generations.ts";
import { encodeModelSpec } from "../embedding/stored-model-spec.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Database } from "../storage/database.ts";
import { ensureActiveModel } from "../storage/embedding-models.ts";
import { type RegisteredModel, readModels } from "../storage/model-registry.ts";

interface OpeningDeps {
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * Opens a model with what the settings say beside it: threads, keys, limits of rate.
 *
 * @param spec undefined: the model that the settings name.
 * @throws StartupError
 */
export async function openProvider(
  { settings, metrics, logger }: OpeningDeps,
  spec: EmbeddingModelSpec = modelSpecOf(settings),
): Promise<EmbeddingProvider> {
  const isNamed = spec.provider === "local" && spec.name !== undefined;
  const modelDirectory = isNamed ? await findModelDirectory(spec.name ?? "", settings.modelDirectory) : settings.modelDirectory;
  const provider: EmbeddingProvider = await createEmbeddingProvider({
    model: spec,
    settings: { ...settings, modelDirectory },
    onTruncated: (count) =>
      metrics.embeddingTextsCut.inc({ provider: provider.model.provider, model: provider.model.name }, count),
  });
  try {
    await checkEndpoint(provider, logger);
  } catch (error) {
    await provider.close();
    throw error;
  }
  return provider;
}

/**
 * Opens the model whose vectors are searched. The settings name it for an empty database alone: later the database tells, since its
 * vectors can only be searched with the model that made them, and another model may have been activated since the settings were written.
 *
 * @param configured the model of the settings, or why it could not be opened.
 * @throws StartupError if the model cannot be opened here.
 */
export async function openModels(
  deps: OpeningDeps & { readonly database: Database; readonly clock: Clock },
  configured: PromiseSettledResult<EmbeddingProvider>,
): Promise<ModelGenerations> {
  const { database, settings, logger, clock } = deps;
  const [active] = await readModels(database);
  if (configured.status === "rejected" && (!active || active.provider === settings.embeddingProvider)) throw configured.reason;
  const provider = configured.status === "fulfilled" ? configured.value : undefined;
  const { indexProfile } = settings;
  const created = { spec: encodeModelSpec(modelSpecOf(settings)), indexProfile };
  if (provider) await ensureActiveModel(database, provider.model, clock.now(), created);
  const wanted = provider?.model.modelId ?? settings.embeddingProvider;
  if (active && active.table.modelId !== wanted) {
    logger.warn(
      { active: active.table.modelId, configured: wanted },
      "the settings name another embedding model than the one whose vectors are stored, which stays in use; change over with: llmemory model start",
    );
  }
  if (active && indexProfile !== undefined && active.table.indexProfile !== indexProfile) {
    logger.warn(
      { index: active.table.indexProfile, configured: indexProfile },
      "the settings name another profile than the one that the vector index was built for, which stays in use; change it with AdminService.RebuildVectorIndex",
    );
  }
  try {
    return await ModelGenerations.open({ ...deps, openProvider: (spec) => openProvider(deps, spec) }, provider);
  } catch (error) {
    throw active && error instanceof StartupError ? cannotOpen(active, wanted, error) : error;
  }
}

function cannotOpen({ table: { modelId } }: RegisteredModel, configured: string, cause: StartupError): StartupError {
  if (modelId === configured) return cause;
  return new StartupError(
    `the stored vectors are of model ${modelId}, while the settings name ${configured}, and that model cannot be opened here: ${cause.message}; ` +
      "start once with what it needs, then change over with: llmemory model start, or use another database, schema or data directory",
    { cause },
  );
}

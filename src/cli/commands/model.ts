import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
import { type Command, InvalidArgumentError } from "commander";
import {
  ActivateModelResponseSchema,
  CompareModelsResponseSchema,
  DropModelResponseSchema,
  ListEmbeddingModelsResponseSchema,
  RollBackModelResponseSchema,
  StartModelMigrationResponseSchema,
  WatchModelMigrationResponseSchema,
} from "#gen/llmemory/v1/admin_service_pb.js";
import { type EmbeddingModel, EmbeddingModelState, EmbeddingProvider } from "#gen/llmemory/v1/embedding_model_pb.js";
import { runWithService, type ServiceSession } from "../client/run-with-service.ts";
import type { CommandContext } from "../command-context.ts";
import { confirm } from "../confirm.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { modelStateName, renderComparison, renderModels } from "../format/models.ts";
import { startProgress } from "../format/progress.ts";
import { count } from "../format/quantities.ts";
import { addConnectionOptions, type ClientOptions } from "../options/client-options.ts";
import { wholeNumber } from "../options/option-parsers.ts";

interface StartOptions extends ClientOptions {
  readonly dimension?: number;
  readonly baseUrl?: string;
  readonly documentPrefix?: string;
  readonly queryPrefix?: string;
  readonly inputTokens?: number;
}

interface ForceOptions extends ClientOptions {
  readonly force?: boolean;
}

/** `llmemory model`: the embedding models that are stored, and how to change from one to another while the service runs. */
export function registerModel(program: Command, context: CommandContext): void {
  const model = program.command("model").description("see the embedding models, and change the model while the service runs");
  for (const add of [addList, addStart, addWatch, addCompare, addActivate, addRollBack, addDrop]) add(model, context);
}

function addList(model: Command, context: CommandContext): void {
  addConnectionOptions(model.command("list", { isDefault: true }).description("list the models whose vectors are stored")).action(
    (options: ClientOptions) =>
      runWithService(context, options, async ({ service, json, callOptions }) => {
        const response = await service.admin.listEmbeddingModels({}, callOptions);
        if (json) printJson(context, ListEmbeddingModelsResponseSchema, response);
        else context.stdout.write(`${renderModels(context.stdout, response.models)}\n`);
        return exitCodes.ok;
      }),
  );
}

function addStart(model: Command, context: CommandContext): void {
  addConnectionOptions(
    model
      .command("start")
      .description("begin to build a model's vectors beside those of the active one")
      .argument("<provider/name>", "such as openai/text-embedding-3-small, local/NAME or hashing/256", parseModel)
      .option(
        "--dimension <n>",
        "components of a vector (default: as many as the model has)",
        wholeNumber({ min: 2, max: 3_800 }),
      )
      .option("--base-url <url>", "endpoint of an openai model (default: that of the service's settings)")
      .option("--document-prefix <text>", "what an openai model wants before documents, if it is not known")
      .option("--query-prefix <text>", "the same before queries")
      .option(
        "--input-tokens <n>",
        "tokens that it reads of one text, if it is not known",
        wholeNumber({ min: 32, max: 1_000_000 }),
      ),
  ).action((named: NamedModel, options: StartOptions) =>
    runWithService(context, options, async ({ service, json, callOptions }) => {
      const { baseUrl, documentPrefix, queryPrefix, inputTokens: inputTokensMax } = options;
      const dimension = options.dimension ?? named.dimension;
      const response = await service.admin.startModelMigration(
        {
          provider: named.provider,
          name: named.name,
          ...(dimension !== undefined && { dimension }),
          ...(baseUrl !== undefined && { baseUrl }),
          ...(documentPrefix !== undefined && { documentPrefix }),
          ...(queryPrefix !== undefined && { queryPrefix }),
          ...(inputTokensMax !== undefined && { inputTokensMax }),
        },
        callOptions,
      );
      if (json) printJson(context, StartModelMigrationResponseSchema, response);
      else {
        context.stdout.write(`The vectors of ${response.model?.modelId} are being built.\n`);
        hint(context, "See how far it is with: llmemory model watch");
      }
      return exitCodes.ok;
    }),
  );
}

function addWatch(model: Command, context: CommandContext): void {
  addConnectionOptions(
    model
      .command("watch")
      .description("follow a model until it can be activated (or is active, retired or dropped)")
      .argument("[model]", "such as local/e5-small-v2 (default: the one that is being built)"),
  ).action((modelId: string | undefined, options: ClientOptions) =>
    runWithService(context, options, (session) => watch(context, session, modelId)),
  );
}

function addCompare(model: Command, context: CommandContext): void {
  addConnectionOptions(
    model
      .command("compare")
      .description("measure on sampled queries how a model's answers differ from the active one's")
      .argument("[model]", "default: the one that is being built")
      .option("--queries <n>", "queries at most (default: 50)", wholeNumber({ min: 1, max: 500 })),
  ).action((modelId: string | undefined, options: ClientOptions & { readonly queries?: number }) =>
    runWithService(context, options, async ({ service, json, callOptions }) => {
      const { queries: queryCount } = options;
      const request = { modelId: modelId ?? "", ...(queryCount !== undefined && { queryCount }) };
      const response = await service.admin.compareModels(request, callOptions);
      if (json) printJson(context, CompareModelsResponseSchema, response);
      else if (response.comparison) context.stdout.write(`${renderComparison(response.comparison)}\n`);
      return exitCodes.ok;
    }),
  );
}

function addActivate(model: Command, context: CommandContext): void {
  addConnectionOptions(
    model
      .command("activate")
      .description("have searches use a model that was built, in all processes at once")
      .argument("[model]", "default: the one that is being built")
      .option("--force", "although some chunks could not be embedded, or it was not compared"),
  ).action((modelId: string | undefined, options: ForceOptions) =>
    runWithService(context, options, async ({ service, json, callOptions }) => {
      const request = { modelId: modelId ?? "", force: options.force === true };
      const response = await service.admin.activateModel(request, callOptions);
      if (json) printJson(context, ActivateModelResponseSchema, response);
      else printSwitch(context, response);
      return exitCodes.ok;
    }),
  );
}

function addRollBack(model: Command, context: CommandContext): void {
  addConnectionOptions(
    model
      .command("rollback")
      .description("have searches use the model again that was active before")
      .argument("[model]", "default: the one that was active last")
      .option("--force", "although it lacks vectors of some chunks"),
  ).action((modelId: string | undefined, options: ForceOptions) =>
    runWithService(context, options, async ({ service, json, callOptions }) => {
      const request = { modelId: modelId ?? "", force: options.force === true };
      const response = await service.admin.rollBackModel(request, callOptions);
      if (json) printJson(context, RollBackModelResponseSchema, response);
      else printSwitch(context, response);
      return exitCodes.ok;
    }),
  );
}

function addDrop(model: Command, context: CommandContext): void {
  addConnectionOptions(
    model
      .command("drop")
      .description("delete the vectors of a model that is not active")
      .argument("<model>", "such as local/e5-small-v2")
      .option("-y, --yes", "do not ask"),
  ).action((modelId: string, options: ClientOptions & { readonly yes?: boolean }) =>
    runWithService(context, options, async ({ service, json, callOptions }) => {
      if (!options.yes) await confirm(`Delete all vectors of ${modelId}?`, context);
      const response = await service.admin.dropModel({ modelId }, callOptions);
      if (json) printJson(context, DropModelResponseSchema, response);
      else context.stdout.write(`The vectors of ${modelId} are deleted.\n`);
      return exitCodes.ok;
    }),
  );
}

interface NamedModel {
  readonly provider: EmbeddingProvider;
  readonly name: string;
  /** Of hashed words, whose name it is. */
  readonly dimension: number | undefined;
}

/** Reads `provider/name` as a model's id is written; the name may hold slashes itself. */
function parseModel(text: string): NamedModel {
  const [, providerName = text, name = ""] = /^([^/]+)\/(.+)$/.exec(text) ?? [];
  const provider = EmbeddingProvider[providerName.toUpperCase() as keyof typeof EmbeddingProvider];
  if (!provider) throw new InvalidArgumentError("It must be local/NAME, openai/NAME or hashing/DIMENSION.");
  const isHashing = provider === EmbeddingProvider.HASHING;
  return { provider, name, dimension: isHashing && /^\d+$/.test(name) ? Number(name) : undefined };
}

/** Shows each message; ends with 1 if the model will not become ready by itself. */
async function watch(context: CommandContext, session: ServiceSession, modelId = ""): Promise<ExitCode> {
  const { service, json } = session;
  const progress = startProgress(context.stderr, { label: "embedding", unit: "chunks", total: 0 });
  let model: EmbeddingModel | undefined;
  try {
    // No deadline: it takes as long as it takes.
    for await (const message of service.admin.watchModelMigration({ modelId }, { signal: context.signal })) {
      const isFirst = model === undefined;
      model = message.model;
      if (json) printJson(context, WatchModelMigrationResponseSchema, message);
      if (!model) continue;
      const done = Number(model.chunksDone);
      const failed = model.chunksDead > 0n ? `${model.chunksDead} failed` : "";
      progress.update({ value: done, total: Number(model.chunksTotal), ...(isFirst && { start: done }), note: failed });
    }
  } finally {
    progress.stop();
  }
  if (!model) return exitCodes.failed;
  if (!json) context.stdout.write(`${model.modelId} is ${modelStateName(model.state)}.\n`);
  if (model.state === EmbeddingModelState.READY)
    hint(context, "Compare it with the active model, then activate it: llmemory model compare; llmemory model activate");
  if (model.state === EmbeddingModelState.INCOMPLETE) {
    const failed = `${count(model.chunksDead, "chunk")} could not be embedded. See why with: llmemory queue`;
    hint(context, `${failed}; try them again with: llmemory queue retry; or go on without them: llmemory model activate --force`);
  }
  const isLost = model.state === EmbeddingModelState.INCOMPLETE || model.state === EmbeddingModelState.DROPPED;
  return isLost ? exitCodes.failed : exitCodes.ok;
}

function printSwitch(
  context: CommandContext,
  response: { readonly active?: EmbeddingModel | undefined; readonly retired?: EmbeddingModel | undefined },
): void {
  const { active, retired } = response;
  context.stdout.write(`Searches use ${active?.modelId}${retired ? "" : ", as they did before"}.\n`);
  if (!retired) return;
  hint(
    context,
    `${retired.modelId} is kept up to date. Go back with: llmemory model rollback; or delete it: llmemory model drop ${retired.modelId}`,
  );
}

/** What to do next; not for programs. */
function hint(context: CommandContext, text: string): void {
  context.stderr.write(`${text}\n`);
}

function printJson<Schema extends DescMessage>(context: CommandContext, schema: Schema, message: MessageShape<Schema>): void {
  context.stdout.write(`${JSON.stringify(toJson(schema, message, { alwaysEmitImplicit: true }))}\n`);
}

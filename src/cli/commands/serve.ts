import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { addSettingOptions, settingsOf } from "../options/setting-options.ts";

/** `serve`, `worker` and `migrate`: the commands that are the service. What they need is loaded only when they run. */
export function registerServerCommands(program: Command, context: CommandContext): void {
  addSettingOptions(
    program.command("serve").description("run the service; without settings: on the embedded database and the local model"),
  ).action(async (_options, command: Command) => {
    const settings = await settingsOf(command, context.environment);
    const { serve } = await import("../../server/serve.ts");
    await serve(settings);
  });
  addSettingOptions(
    program.command("worker").description("work off embedding jobs only; several may share one PostgreSQL with serve"),
  ).action(async (_options, command: Command) => {
    const settings = await settingsOf(command, context.environment);
    const { runWorker } = await import("../../server/run-worker.ts");
    await runWorker(settings);
  });
  addSettingOptions(program.command("migrate").description("bring the database's tables up to date, and end")).action(
    async (_options, command: Command) => {
      const settings = await settingsOf(command, context.environment);
      const { runMigrations } = await import("../../server/run-migrations.ts");
      const { applied } = await runMigrations(settings);
      for (const migration of applied) context.stdout.write(`${migration}\n`);
      context.stderr.write(applied.length === 0 ? "The tables are up to date.\n" : `Applied ${applied.length} migrations.\n`);
    },
  );
}

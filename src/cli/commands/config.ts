import type { Command } from "commander";
import { describeSettings } from "../../config/describe-settings.ts";
import { settingWarnings } from "../../config/load-settings.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { cell, renderTable } from "../format/table.ts";
import { addSettingOptions, allSettings, settingsOf } from "../options/setting-options.ts";

/** `llmemory config`: what `serve` would run with here, where each value came from, and what in the environment has no effect. */
export function registerConfig(program: Command, context: CommandContext): void {
  const command = program
    .command("config")
    .description("print the settings that serve would have here, and where each came from; without secrets")
    .option("--json", "print JSON for programs");
  addSettingOptions(command, allSettings).action(async ({ json }: { readonly json?: boolean }) => {
    const settings = await settingsOf(command, context.environment);
    const described = describeSettings(settings);
    const warnings = settingWarnings(settings);
    if (json) {
      const shown = described.map(({ variable, value = null, source = null }) => ({ variable, value, source }));
      context.stdout.write(`${JSON.stringify({ settings: shown, warnings })}\n`);
    } else {
      const rows = described.map(({ variable, value, source }) => [variable, cell(value ?? ""), cell(source ?? "not set")]);
      const heads = [{ head: "setting" }, { head: "value" }, { head: "source" }];
      context.stdout.write(`${renderTable(context.stdout, heads, rows)}\n`);
      for (const warning of warnings) context.stderr.write(`${cell(warning)}\n`);
    }
    context.exitCode = exitCodes.ok;
  });
}

import { join } from "node:path";
import { repositoryDirectory } from "../scripts/toolchains.ts";
import { type Service, type ServiceOptions, startService } from "../test/support/service.ts";

/** As `npm start` runs it: compiled, not from the sources. */
export const command = [process.execPath, join(repositoryDirectory, "dist/cli/main.js")] as const;

/** The compiled service in a process of its own. */
export async function startCompiled(
  database: ServiceOptions["database"] & object,
  environment: Readonly<Record<string, string>>,
): Promise<Service> {
  return await startService({ command: [...command], database, environment: { LLMEMORY_LOG_LEVEL: "error", ...environment } });
}

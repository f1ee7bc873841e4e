import { expect, test } from "vitest";
import { testDatabases } from "../support/databases.ts";
import { connectTo } from "../support/rpc-clients.ts";
import { startService } from "../support/service.ts";

const warning = "the settings name another profile than the one that the vector index was built for";

test.each(testDatabases())(
  "on $name the profile of the settings is warned of until the index is rebuilt, and a rebuild takes it",
  { timeout: 120_000 },
  async (kind) => {
    const database = await kind.create();
    /** Whether a start with that profile warns, and what else is done with the service. */
    const warns = async (profile: string, work?: (clients: ReturnType<typeof connectTo>) => Promise<void>): Promise<boolean> => {
      await using service = await startService({ database, environment: { LLMEMORY_INDEX_PROFILE: profile } });
      const clients = connectTo(service);
      await work?.(clients);
      clients.close();
      expect(await service.stop()).toBe(0);
      return service.stderr().includes(warning);
    };
    try {
      expect(await warns("accurate")).toBe(false);
      const rebuilding = async ({ admin }: ReturnType<typeof connectTo>) => {
        for await (const { phase } of admin.rebuildVectorIndex({})) expect(phase).not.toBe("");
      };
      expect(await warns("fast", rebuilding)).toBe(true);
      expect(await warns("fast")).toBe(false);
      expect(await warns("balanced")).toBe(true);
    } finally {
      await database.drop();
    }
  },
);

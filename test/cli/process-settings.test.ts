import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { startService } from "../support/service.ts";

/** What a process was given at its start: a list of its arguments or of its environment. */
async function startOf(pid: number, what: "cmdline" | "environ"): Promise<string[]> {
  return (await readFile(`/proc/${pid}/${what}`, "utf8")).split("\0");
}

describe.runIf(process.platform === "linux")("the process that was started", () => {
  it("gives free memory back to the system, and has no more helping threads than processors", async () => {
    await using service = await startService();
    expect(await startOf(service.pid, "environ")).toEqual(
      expect.arrayContaining(["MALLOC_MMAP_THRESHOLD_=1048576", "MALLOC_ARENA_MAX=1"]),
    );
    const helpers = (await startOf(service.pid, "cmdline")).filter((argument) => argument.startsWith("--v8-pool-size"));
    const processors = availableParallelism();
    expect(helpers).toEqual(processors > 4 ? [] : [`--v8-pool-size=${Math.max(1, processors - 1)}`]);
  });

  it("leaves settings alone that are given", async () => {
    await using service = await startService({
      environment: { MALLOC_MMAP_THRESHOLD_: "262144", MALLOC_ARENA_MAX: "4", NODE_OPTIONS: "--v8-pool-size=2" },
    });
    expect(await startOf(service.pid, "environ")).toEqual(
      expect.arrayContaining(["MALLOC_MMAP_THRESHOLD_=262144", "MALLOC_ARENA_MAX=4"]),
    );
    expect((await startOf(service.pid, "cmdline")).join(" ")).not.toContain("--v8-pool-size");
  });
});

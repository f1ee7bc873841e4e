import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { startService } from "../support/service.ts";

/** What a process was given at its start: a list of its arguments or of its environment. */
async function startOf(pid: number, what: "cmdline" | "environ"): Promise<string[]> {
  return (await readFile(`/proc/${pid}/${what}`, "utf8")).split("\0");
}

describe.runIf(process.platform === "linux")("the process that was started", () => {
  it("gives free memory back to the system, has a small young generation, and no more helping threads than processors", async () => {
    await using service = await startService();
    expect(await startOf(service.pid, "environ")).toEqual(
      expect.arrayContaining(["MALLOC_MMAP_THRESHOLD_=1048576", "MALLOC_ARENA_MAX=1"]),
    );
    const cmdline = await startOf(service.pid, "cmdline");
    expect(cmdline).toContain("--max-semi-space-size=4");
    const helpers = cmdline.filter((argument) => argument.startsWith("--v8-pool-size"));
    const processors = availableParallelism();
    expect(helpers).toEqual(processors > 4 ? [] : [`--v8-pool-size=${Math.max(1, processors - 1)}`]);
  });

  it("leaves settings alone that are given", async () => {
    await using service = await startService({
      environment: {
        MALLOC_MMAP_THRESHOLD_: "262144",
        MALLOC_ARENA_MAX: "4",
        NODE_OPTIONS: "--v8-pool-size=2 --max-semi-space-size=8",
      },
    });
    expect(await startOf(service.pid, "environ")).toEqual(
      expect.arrayContaining(["MALLOC_MMAP_THRESHOLD_=262144", "MALLOC_ARENA_MAX=4"]),
    );
    expect((await startOf(service.pid, "cmdline")).join(" ")).not.toMatch(/--v8-pool-size|--max-semi-space-size/);
  });
});

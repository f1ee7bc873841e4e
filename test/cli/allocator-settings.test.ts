import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { startService } from "../support/service.ts";

async function environmentOf(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/environ`, "utf8")).split("\0");
}

it.runIf(process.platform === "linux")("gives free memory back to the system, in the process that was started", async () => {
  await using service = await startService();
  expect(await environmentOf(service.pid)).toContain("MALLOC_MMAP_THRESHOLD_=1048576");
});

it.runIf(process.platform === "linux")("leaves a setting alone that is given", async () => {
  await using service = await startService({ environment: { MALLOC_MMAP_THRESHOLD_: "262144" } });
  expect(await environmentOf(service.pid)).toContain("MALLOC_MMAP_THRESHOLD_=262144");
});

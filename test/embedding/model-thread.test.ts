import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { repositoryDirectory } from "../../scripts/toolchains.ts";

describe("a thread that runs a model", () => {
  let home: string | undefined;
  afterEach(async () => {
    if (home) await rm(home, { recursive: true });
  });

  it("embeds without leaving the runtime's telemetry files behind", { timeout: 60_000 }, async () => {
    home = await mkdtemp(join(tmpdir(), "llmemory-home-"));
    const program = `
      import { createLocalEmbedder } from ${JSON.stringify(join(repositoryDirectory, "src/embedding/local-embedder.ts"))};
      const provider = await createLocalEmbedder({ workers: 1, onTruncated() {} });
      const [vector] = await provider.embed(["hello"], "query", new AbortController().signal);
      await provider.close();
      console.log(vector.length);`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module-typescript", "-e", program], {
      env: { PATH: process.env.PATH, HOME: home },
    });
    expect(stdout.trim()).toBe("384");
    expect(existsSync(join(home, ".cache"))).toBe(false);
  });
});

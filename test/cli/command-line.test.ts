import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CommandContext } from "../../src/cli/command-context.ts";
import { runCommandLine } from "../../src/cli/command-line.ts";
import { IngestServer } from "./ingest/ingest-server.ts";

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], environment: Record<string, string> = {}, signal?: AbortSignal): Promise<Outcome> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const context: CommandContext = {
    stdin: Readable.from([]),
    stdout,
    stderr,
    environment,
    signal: signal ?? new AbortController().signal,
    exitCode: 0,
  };
  await runCommandLine(args, context, () => {});
  return { exitCode: context.exitCode, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}

describe("usage", () => {
  it.each([
    ["--help", /Exit codes:/],
    ["--version", /^\d+\.\d+\.\d+\n$/],
  ])("%s prints to stdout and ends with 0", async (option, output) => {
    const { exitCode, stdout, stderr } = await run([option]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(output);
  });

  it.each([
    ["an unknown command", ["serach", "x"], /Did you mean search/],
    ["an unknown option", ["search", "x", "--limmit", "3"], /unknown option/],
    ["a missing argument", ["search"], /missing required argument/],
    ["a value that cannot be used", ["search", "x", "--limit", "101"], /whole number from 1 to 100/],
    [
      "a choice that there is not",
      ["search", "x", "--rerank", "best"],
      /Allowed choices are none, lexical, model, cross-encoder/,
    ],
    ["an address that is none", ["search", "x", "--address", "nowhere"], /must be host:port/],
    ["port 0", ["search", "x", "--address", "127.0.0.1:0"], /port 0 is for listening/],
    ["a range of the text together with chunks", ["get", "x", "--chunks", "--from", "3"], /--from and --to are for the text/],
    ["delete where nobody can be asked", ["delete", "x"], /pass --yes/],
  ])("ends with 2 for %s", async (_name, args, message) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("ends with 2 for settings that cannot be used, and names them", async () => {
    const { exitCode, stderr } = await run(["serve"], { LLMEMORY_SCHEMA: "public", LLMEMORY_GRPC_ADDRESS: "0.0.0.0:1" });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/LLMEMORY_SCHEMA[\s\S]*LLMEMORY_GRPC_ADDRESS[\s\S]*--insecure/);
  });
});

describe("without a service", () => {
  it("ends with 3 and says what to start", async () => {
    const { exitCode, stderr } = await run(["search", "x", "--address", "127.0.0.1:1"]);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/did not answer at 127\.0\.0\.1:1.*\n.*npm start/);
  });

  it("says so as JSON on stderr for programs", async () => {
    const { exitCode, stdout, stderr } = await run(["health", "--json"], { LLMEMORY_GRPC_ADDRESS: "127.0.0.1:1" });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({ exitCode: 3, error: { code: "UNAVAILABLE" } });
  });
});

describe("ingest", () => {
  let server: IngestServer;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "llmemory-ingest-"));
    for (let index = 1; index <= 6; index++) await writeFile(join(folder, `file-${index}.md`), `# File ${index}`);
    await writeFile(join(folder, "broken.txt"), Buffer.from("Grüße", "latin1"));
    await writeFile(join(folder, "photo.png"), "x");
  });
  afterAll(() => rm(folder, { recursive: true }));
  beforeEach(async () => {
    server = await IngestServer.start();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const ingest = (...options: readonly string[]) => run(["ingest", folder, "--address", server.address, ...options]);

  it("stores what it can, lists what failed with the reason, and ends with 5", async () => {
    const { exitCode, stdout } = await ingest("--prefix", "docs/", "--metadata", "team=search");
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(
      /failed {2}docs\/broken\.txt: is not valid UTF-8[\s\S]*stored 6 documents of owner default, 1 failed[\s\S]*left out: 1 \.png/,
    );
    expect([...server.documents.keys()]).toEqual([1, 2, 3, 4, 5, 6].map((index) => `docs/file-${index}.md`));
    expect(server.documents.get("docs/file-1.md")).toMatchObject({ documentName: "file-1.md", metadata: { team: "search" } });
    expect(server.violations).toEqual([]);
  });

  it("finds a finished run again, and sends only what is missing since", async () => {
    await ingest();
    server.received.length = 0;
    server.documents.delete("file-3.md");
    const { stdout } = await ingest("--json");
    expect(JSON.parse(stdout)).toMatchObject({
      complete: true,
      documents: 7,
      alreadyStored: 5,
      stored: 1,
      failed: [{ idAtOrigin: "broken.txt" }],
    });
    expect(server.received).toHaveLength(2);
    expect(server.documents.size).toBe(6);
  });

  it("sends everything with --again", async () => {
    await ingest();
    server.received.length = 0;
    await ingest("--again");
    expect(server.received).toHaveLength(7);
  });

  it("begins a new stream when a file has changed", async () => {
    await ingest();
    await writeFile(join(folder, "file-2.md"), "# Changed file");
    await ingest();
    expect(server.documents.get("file-2.md")?.content).toBe("# Changed file");
  });

  it("goes on over a broken connection", async () => {
    server.scripts.push({ breakAt: 4 });
    const { exitCode } = await ingest();
    expect(exitCode).toBe(5);
    expect(server.documents.size).toBe(6);
    expect(server.violations).toEqual([]);
  });

  it("ends with 130 when it is interrupted, and says how to go on", async () => {
    const { exitCode, stderr } = await run(["ingest", folder, "--address", server.address], {}, AbortSignal.abort());
    expect(exitCode).toBe(130);
    expect(stderr).toMatch(/interrupted/);
  });

  it("waits for embeddings with --wait", async () => {
    const { stdout } = await ingest("--wait", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ embeddings: { waiting: 0, dead: 0 } });
  });

  it("has nothing to do in a folder without text", async () => {
    const empty = await mkdtemp(join(tmpdir(), "llmemory-empty-"));
    const { exitCode, stdout } = await run(["ingest", empty, "--address", server.address]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/There are no files with text/);
    await rm(empty, { recursive: true });
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import { testDatabases } from "../support/databases.ts";
import { runLlmemory } from "../support/run-llmemory.ts";
import { useService } from "../support/use-service.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmemory-command-line-"));
  await writeFile(join(folder, "tea.md"), "# Tea\n\nAda likes green tea. 😀\n");
  await writeFile(join(folder, "coffee.txt"), "Grace likes coffee.\n");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(testDatabases())("the command line against a service on $name", (kind) => {
  const running = useService(kind);

  /** Each test has an owner of its own. */
  async function llmemory(owner: string, ...commandArguments: readonly string[]) {
    const options = ["--address", running().service.grpcAddress, "--owner", owner];
    return await runLlmemory([...commandArguments, ...options]);
  }

  test("adds files, finds them, lists them and deletes them", async () => {
    const files = [join(folder, "tea.md"), join(folder, "coffee.txt")];
    const added = await llmemory("basics", "add", ...files, "--wait", "--json");
    expect(added.exitCode, added.stderr).toBe(exitCodes.ok);
    expect(jsonLines(added.stdout)).toMatchObject([
      { outcome: "OUTCOME_CREATED", document: { documentName: "tea.md", documentType: "DOCUMENT_TYPE_MARKDOWN" } },
      { outcome: "OUTCOME_CREATED", document: { documentName: "coffee.txt", documentType: "DOCUMENT_TYPE_TEXT" } },
    ]);

    const found = await llmemory("basics", "search", "green", "tea", "--json");
    expect(found.exitCode, found.stderr).toBe(exitCodes.ok);
    expect(JSON.parse(found.stdout)).toMatchObject({
      results: [{ documentName: "tea.md", content: expect.stringContaining("green tea. 😀") }, { documentName: "coffee.txt" }],
      receipt: { plan: "PLAN_EXACT" },
    });

    const listed = await llmemory("basics", "list", "--json");
    expect(jsonLines(listed.stdout).map(({ idAtOrigin }) => idAtOrigin)).toEqual(files.toReversed());

    const [tea = "", coffee = ""] = files;
    expect(await llmemory("basics", "delete", tea, "--yes")).toMatchObject({ exitCode: exitCodes.ok });
    const again = await llmemory("basics", "delete", tea, "--yes", "--json");
    expect(again.exitCode).toBe(exitCodes.notFound);
    expect(again.stdout + again.stderr).toContain("NOT_FOUND");
    expect(jsonLines((await llmemory("basics", "list", "--json")).stdout).map(({ idAtOrigin }) => idAtOrigin)).toEqual([coffee]);
  });

  test("deletes what a filter chooses, and counts it beforehand", async () => {
    await llmemory("choosing", "add", join(folder, "tea.md"), join(folder, "coffee.txt"));
    const choice = ["delete", "--document-type", "markdown"];
    const dry = await llmemory("choosing", ...choice, "--dry-run");
    expect(dry, dry.stderr).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringMatching(/^would delete {2}1 document, 1 chunk\n$/),
    });
    const deleted = await llmemory("choosing", ...choice, "--yes", "--json");
    expect(JSON.parse(deleted.stdout)).toEqual({ dryRun: false, documentsDeleted: "1", chunksDeleted: "1" });
    const listed = jsonLines((await llmemory("choosing", "list", "--json")).stdout);
    expect(listed.map(({ documentName }) => documentName)).toEqual(["coffee.txt"]);
    expect(await llmemory("choosing", "delete", "--yes")).toMatchObject({ exitCode: exitCodes.usage });
  });

  test("gets a document's text as it was stored, a range of it, and its chunks", async () => {
    const tea = join(folder, "tea.md");
    await llmemory("getting", "add", tea, "--wait");
    expect(await llmemory("getting", "get", tea)).toMatchObject({ exitCode: 0, stdout: "# Tea\n\nAda likes green tea. 😀\n" });
    expect(await llmemory("getting", "get", tea, "--from", "7", "--to", "29")).toMatchObject({
      stdout: "Ada likes green tea. 😀",
    });
    const whole = JSON.parse((await llmemory("getting", "get", tea, "--from", "7", "--json")).stdout);
    expect(whole).toMatchObject({ document: { documentName: "tea.md" }, charStart: 7, content: "Ada likes green tea. 😀\n" });
    const { documentId } = whole.document;
    const chunks = jsonLines((await llmemory("getting", "get", documentId, "--document-id", "--chunks", "--json")).stdout);
    expect(chunks.map(({ content }) => content).join("")).toContain("Ada likes green tea. 😀");
    const table = await llmemory("getting", "get", tea, "--chunks");
    expect(table.stdout).toMatch(/characters[\s\S]*0–\d+[\s\S]*green tea\. 😀/);
    expect(await llmemory("getting", "get", "nothing")).toMatchObject({ exitCode: exitCodes.notFound });
  });

  test("a search says how it ran, for people and for programs", async () => {
    await llmemory("explained", "add", join(folder, "tea.md"), "--wait");
    const people = await llmemory("explained", "search", "tea", "--explain", "--rerank", "lexical", "--context", "1");
    expect(people.exitCode, people.stderr).toBe(exitCodes.ok);
    expect(people.stdout).toMatch(/ 1 \d\.\d{3} [\s\S]*tea\.md[\s\S]*1 chunk in all[\s\S]*actual/);
    const programs = await llmemory("explained", "search", "tea", "--explain", "--json");
    expect(JSON.parse(programs.stdout)).toMatchObject({
      response: { results: [{ documentName: "tea.md" }] },
      statements: expect.arrayContaining([expect.objectContaining({ plan: expect.stringContaining("actual") })]),
    });
  });

  test("a search without hits is done, too", async () => {
    const { exitCode, stdout } = await llmemory("nobody", "search", "tea", "--json");
    expect(exitCode).toBe(exitCodes.ok);
    expect(JSON.parse(stdout).results ?? []).toEqual([]);
  });

  test("ingests a folder, says which file failed, and ends with 5", async () => {
    const withBadFile = await mkdtemp(join(tmpdir(), "llmemory-bad-file-"));
    await writeFile(join(withBadFile, "good.txt"), "Ada likes tea.");
    await writeFile(join(withBadFile, "bad.pdf"), "this is no PDF");
    const { exitCode, stdout } = await llmemory("ingest", "ingest", withBadFile, "--json", "--wait");
    expect(exitCode).toBe(exitCodes.someFailed);
    expect(stdout).toContain("bad.pdf");
    const listed = jsonLines((await llmemory("ingest", "list", "--json")).stdout);
    expect(listed.map(({ idAtOrigin }) => idAtOrigin)).toEqual(["good.txt"]);
    await rm(withBadFile, { recursive: true });
  });

  test("stats and health tell people and programs", async () => {
    await llmemory("stats", "add", join(folder, "tea.md"), "--wait");
    const stats = await llmemory("stats", "stats", "--json");
    expect(stats.exitCode, stats.stderr).toBe(exitCodes.ok);
    expect(stats.stdout).toMatch(/"documentCount":\s*"?1/);
    expect((await llmemory("stats", "stats")).stdout).toMatch(/documents\s+1\b/i);
    const health = await runLlmemory(["health", "--json", "--address", running().service.grpcAddress]);
    expect(health.exitCode).toBe(exitCodes.ok);
    expect(JSON.parse(health.stdout)).toMatchObject({
      status: "SERVING",
      services: { database: "SERVING", liveness: "SERVING" },
    });
  });

  test.each([
    ["a document that does not exist", ["delete", "nothing", "--yes"], exitCodes.notFound],
    ["a file that does not exist", ["add", "/nowhere/at/all.txt"], exitCodes.failed],
    ["a folder that does not exist", ["ingest", "/nowhere/at/all"], exitCodes.failed],
    ["an owner that is none", ["list", "--owner", "a b"], exitCodes.usage],
    ["a limit that is too high", ["search", "tea", "--limit", "101"], exitCodes.usage],
  ])("%s ends with its own exit code and a message without a stack", async (_name, commandArguments, exitCode) => {
    const { address, rest } = { address: ["--address", running().service.grpcAddress], rest: commandArguments };
    const result = await runLlmemory([...rest, ...address]);
    expect(result.exitCode, result.stderr).toBe(exitCode);
    expect(result.stderr).not.toBe("");
    expect(result.stderr).not.toMatch(/^ {4}at /m);
  });
});

test("a service that is not there ends with 3 and says how to start it", async () => {
  for (const command of [
    ["list"],
    ["search", "tea"],
    ["stats"],
    ["health"],
    ["add", join(folder, "tea.md")],
    ["ingest", folder],
  ]) {
    const { exitCode, stderr } = await runLlmemory([...command, "--address", "127.0.0.1:1"]);
    expect([command[0], exitCode]).toEqual([command[0], exitCodes.unavailable]);
    expect(stderr).toMatch(/127\.0\.0\.1:1[\s\S]*npm start/);
  }
});

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

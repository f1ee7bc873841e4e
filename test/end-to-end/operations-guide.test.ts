import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { embeddedDatabase } from "../support/databases.ts";
import { expectGuideOutput, type GuideOutputs, readGuide } from "../support/guide.ts";
import { useService } from "../support/use-service.ts";

const { commands } = await readGuide("operations.md");

/** What each command must print; every command of the guide has an entry. */
const outputs: GuideOutputs = [
  [/^llmemory profile cpu /, /^search\.cpuprofile\n$/],
  [/^llmemory profile allocations /, /^search\.heapprofile\n$/],
  [/^llmemory profile heap /, /^(now|before|after)\.heapsnapshot\n$/],
  [/^llmemory search .* --explain$/, /find_candidates|search_facts/],
  [/GetPoolStats$/, /"total":1/],
  [/\^memory_db_pool'$/, /memory_db_pool_size\{status="active"\} \d/],
  [/^llmemory queue$/, /^$/],
  [/^llmemory health$/, /embeddings +SERVING/],
  [/process_resident_memory_bytes/, /^(\S+ \d\S*\n){3}$/],
];

const running = useService(embeddedDatabase);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmemory-guide-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it("has commands", () => {
  expect(commands.length).toBeGreaterThanOrEqual(outputs.length);
});

it.each(commands)("%s does what the guide says", { timeout: 120_000 }, async (command) => {
  await expectGuideOutput(outputs, command, running().service, { cwd: folder });
});

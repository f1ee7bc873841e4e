import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { runToEnd } from "../support/run-to-end.ts";
import { type Service, startService } from "../support/service.ts";

const guide = await readFile(join(repositoryDirectory, "docs/operations.md"), "utf8");
const commands = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) => block.trim().split("\n"));

/** What each command must print; every command of the guide has an entry. */
const outputs: readonly (readonly [command: RegExp, output: RegExp])[] = [
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

let service: Service;
let folder: string;

beforeAll(async () => {
  service = await startService();
  folder = await mkdtemp(join(tmpdir(), "llmemory-guide-"));
});

afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

it("has commands", () => {
  expect(commands.length).toBeGreaterThanOrEqual(outputs.length);
});

it.each(commands)("%s does what the guide says", { timeout: 120_000 }, async (command) => {
  const main = join(repositoryDirectory, "src/cli/main.ts");
  const script = `llmemory() { '${process.execPath}' '${main}' "$@"; }\n${command.replace("127.0.0.1:8080", service.httpAddress)}`;
  const environment = { LLMEMORY_GRPC_ADDRESS: service.grpcAddress };
  const { exitCode, stdout, stderr } = await runToEnd("bash", ["-c", script], { cwd: folder, environment });
  expect(exitCode, stderr).toBe(0);
  const expected = outputs.find(([pattern]) => pattern.test(command))?.[1];
  expect(stdout).toMatch(expected ?? "an entry in the list of outputs");
});

import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AdminService, ProfileKind } from "#gen/llmemory/v1/admin_service_pb.js";
import { Permission } from "#gen/llmemory/v1/options_pb.js";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import { limits } from "../../src/domain/limits.ts";
import { neededPermission } from "../../src/interceptors/auth.ts";
import { errorOf } from "../support/call-error.ts";
import { connectTo, type RpcClients } from "../support/rpc-clients.ts";
import { runLlmemory } from "../support/run-llmemory.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;
let clients: RpcClients;
let folder: string;

beforeAll(async () => {
  service = await startService();
  clients = connectTo(service);
  folder = await mkdtemp(join(tmpdir(), "llmemory-profile-"));
});

afterAll(async () => {
  clients.close();
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

type Capture = ReturnType<RpcClients["admin"]["captureProfile"]>;

async function fileOf(capture: Capture): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const { event } of capture) if (event.case === "content") pieces.push(event.value);
  return Buffer.concat(pieces).toString();
}

/** Begins a capture that lasts, and gives it back when the service has said that it goes on. */
async function begun({ admin }: RpcClients, signal?: AbortSignal) {
  const capture = admin.captureProfile({ kind: ProfileKind.CPU, duration: durationFromMs(300_000) }, signal && { signal });
  const events = capture[Symbol.asyncIterator]();
  const first = await events.next();
  expect(first.value?.event).toMatchObject({ case: "progress", value: { duration: { seconds: 300n } } });
  return events;
}

describe("CaptureProfile", () => {
  it("needs the permission of administrators", () => {
    expect(neededPermission(AdminService.method.captureProfile)).toBe(Permission.ADMIN);
  });

  it("sends a heap snapshot that is larger than one reply", async () => {
    const text = await fileOf(clients.admin.captureProfile({ kind: ProfileKind.HEAP }));
    expect(text.length).toBeGreaterThan(4 * 1024 * 1024);
    expect(JSON.parse(text)).toMatchObject({ snapshot: { node_count: expect.any(Number) } });
  });

  it.each([
    ["no kind", {}, "kind"],
    ["a kind that there is not", { kind: 9 as ProfileKind }, "kind"],
    ["less than a second", { kind: ProfileKind.CPU, duration: durationFromMs(limits.profileMsMin - 1) }, "duration"],
    ["more than five minutes", { kind: ProfileKind.CPU, duration: durationFromMs(limits.profileMsMax + 1) }, "duration"],
    ["a duration of a moment", { kind: ProfileKind.HEAP, duration: durationFromMs(1_000) }, "duration"],
  ])("refuses %s", async (_what, request, field) => {
    expect(await errorOf(fileOf(clients.admin.captureProfile(request)))).toMatchObject({
      code: "INVALID_ARGUMENT",
      fields: [field],
    });
  });

  it("captures one profile at a time, and stops when its caller goes away", async () => {
    const leaving = new AbortController();
    const events = await begun(clients, leaving.signal);
    const request = { kind: ProfileKind.CPU, duration: durationFromMs(1_000) };
    expect(await errorOf(fileOf(clients.admin.captureProfile(request)))).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "PROFILE_RUNNING",
    });
    leaving.abort();
    await expect(events.next()).rejects.toThrow();
    await expect
      .poll(() => fileOf(clients.admin.captureProfile(request)).then(JSON.parse, () => ({})), { timeout: 30_000 })
      .toMatchObject({ nodes: expect.any(Array), samples: expect.any(Array), timeDeltas: expect.any(Array) });
  });
});

describe("llmemory profile", () => {
  it.each([
    ["cpu", ["--seconds", "1"], ["nodes", "startTime", "endTime", "samples", "timeDeltas"]],
    ["allocations", ["--seconds", "1"], ["head", "samples"]],
    ["heap", [], ["snapshot", "nodes", "edges", "strings"]],
  ])("writes a profile of %s that only its owner can read", async (kind, options, properties) => {
    const output = join(folder, kind);
    const address = ["--address", service.grpcAddress];
    const { exitCode, stdout, stderr } = await runLlmemory([
      "profile",
      kind,
      ...options,
      "--output",
      output,
      "--json",
      ...address,
    ]);
    expect(exitCode, stderr).toBe(exitCodes.ok);
    const { size, mode } = await stat(output);
    expect(JSON.parse(stdout)).toEqual({ kind, file: output, bytes: size });
    expect(mode & 0o777).toBe(0o600);
    expect(Object.keys(JSON.parse(await readFile(output, "utf8")))).toEqual(expect.arrayContaining(properties));
  });

  it.each([
    ["a service that is not there", ["cpu", "--address", "127.0.0.1:1"], "x.cpuprofile", exitCodes.unavailable],
    ["a folder that is not there", ["cpu"], "none/x.cpuprofile", exitCodes.failed],
    ["a duration with heap", ["heap", "--seconds", "1"], "x.heapsnapshot", exitCodes.usage],
    ["another kind", ["disk"], "x", exitCodes.usage],
  ])("leaves nothing behind for %s", async (_what, options, output, expected) => {
    const before = await readdir(folder);
    const own = options.includes("--address") ? [] : ["--address", service.grpcAddress];
    const { exitCode } = await runLlmemory(["profile", ...options, "--output", join(folder, output), ...own]);
    expect(exitCode).toBe(expected);
    expect(await readdir(folder)).toEqual(before);
  });
});

describe("a stop of the service", () => {
  it("ends a capture, and says why", async () => {
    await using own = await startService();
    const connected = connectTo(own);
    try {
      const events = await begun(connected);
      const [error] = await Promise.all([errorOf(untilEnd(events)), own.stop()]);
      expect(error).toMatchObject({ code: "UNAVAILABLE", reason: "DEPENDENCY_UNAVAILABLE" });
    } finally {
      connected.close();
    }
  });
});

async function untilEnd(events: Awaited<ReturnType<typeof begun>>): Promise<void> {
  while (!(await events.next()).done);
}

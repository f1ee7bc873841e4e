import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { ProfileCapture, type ProfileRequest } from "../../src/admin/capture-profile.ts";
import { CancelledError, LimitExceededError, PreconditionError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";

const never = new AbortController().signal;
const profiles = new ProfileCapture();
const temporaryDirectory = process.env.TMPDIR;

// A disk of 1 MiB in memory; only root may mount one.
const smallDisk = await mkdtemp(join(tmpdir(), "llmemory-small-disk-"));
const canMount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "llmemory-test", smallDisk]).status === 0;

afterAll(async () => {
  if (canMount) spawnSync("umount", [smallDisk]);
  await rm(smallDisk, { recursive: true, force: true });
});

afterEach(() => {
  if (temporaryDirectory === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = temporaryDirectory;
});

/** The profile, and how it came. Works, between the events, on what is to be seen in it. */
async function captured(request: ProfileRequest, work: () => void = () => {}) {
  const [elapsed, pieces]: [number[], Uint8Array[]] = [[], []];
  const timer = setInterval(work, 1);
  try {
    for await (const event of profiles.capture(request, never)) {
      if ("content" in event) pieces.push(event.content);
      else elapsed.push(event.elapsedMs);
    }
  } finally {
    clearInterval(timer);
  }
  return { elapsed, pieces, profile: JSON.parse(Buffer.concat(pieces).toString()) };
}

interface CallTree {
  readonly callFrame: { readonly functionName: string };
  readonly selfSize: number;
  readonly children: readonly CallTree[];
}

/** What a function and those that it calls have allocated. */
function sizeUnder(functionName: string, { callFrame, selfSize, children }: CallTree, isUnder = false): number {
  const counts = isUnder || callFrame.functionName === functionName;
  return children.reduce((sum, child) => sum + sizeUnder(functionName, child, counts), counts ? selfSize : 0);
}

class Teapot {
  readonly leaves = ["assam"];
}

describe("a profile", () => {
  it("of the CPU is a .cpuprofile with what the thread was busy with", async () => {
    function brewTea() {
      const end = performance.now() + 5;
      while (performance.now() < end);
    }
    const { elapsed, profile } = await captured({ kind: "cpu", durationMs: 300 }, brewTea);
    expect(elapsed[0]).toBeLessThan(300);
    const { nodes, samples, timeDeltas, startTime, endTime } = profile;
    expect(timeDeltas).toHaveLength(samples.length);
    expect(endTime).toBeGreaterThan(startTime);
    const ids = new Set(nodes.map(({ id }: { id: number }) => id));
    expect(samples.every((id: number) => ids.has(id))).toBe(true);
    expect(nodes.map(({ callFrame }: CallTree) => callFrame.functionName)).toContain("brewTea");
  });

  it("of allocations is a .heapprofile with who allocates, although nothing of it stays", async () => {
    function pourTea() {
      return Array.from({ length: 50_000 }, (_, index) => ({ index }));
    }
    const { profile } = await captured({ kind: "allocations", durationMs: 300 }, () => void pourTea());
    expect(profile).toEqual({ head: expect.anything(), samples: expect.any(Array) });
    expect(sizeUnder("pourTea", profile.head)).toBeGreaterThan(0);
  });

  it("of the heap is a .heapsnapshot with what is alive, in pieces, of which no file is left", async () => {
    const pot = new Teapot();
    const { elapsed, pieces, profile } = await captured({ kind: "heap" });
    expect(elapsed).toEqual([0]);
    expect(pieces.length).toBeGreaterThan(1);
    for (const { byteLength } of pieces) expect(byteLength).toBeLessThanOrEqual(limits.profilePieceBytes);
    const { snapshot, nodes, edges, strings } = profile;
    expect(nodes).toHaveLength(snapshot.node_count * snapshot.meta.node_fields.length);
    expect(edges).toHaveLength(snapshot.edge_count * snapshot.meta.edge_fields.length);
    expect(strings).toContain(pot.constructor.name);
    expect((await readdir(tmpdir())).filter((name) => /^llmemory-.*\.heapsnapshot$/.test(name))).toEqual([]);
  });
});

describe("a capture", () => {
  it("is refused while there is another one, and free again when that has ended", async () => {
    const first = profiles.capture({ kind: "cpu", durationMs: 60_000 }, never);
    expect(await first.next()).toMatchObject({ value: { elapsedMs: expect.any(Number) } });
    const second = profiles.capture({ kind: "heap" }, never).next();
    await expect(second).rejects.toThrow(LimitExceededError);
    await expect(second).rejects.toMatchObject({ reason: "PROFILE_RUNNING" });
    // As of a caller that has seen enough.
    await first.return(undefined);
    expect((await captured({ kind: "cpu", durationMs: 50 })).profile.nodes).not.toHaveLength(0);
  });

  it.each([{ kind: "cpu" }, { kind: "allocations" }] as const)("of $kind ends when its caller goes away", async ({ kind }) => {
    const leaving = new AbortController();
    const events = profiles.capture({ kind, durationMs: 60_000 }, leaving.signal);
    await events.next();
    leaving.abort();
    await expect(events.next()).rejects.toThrow(CancelledError);
    expect((await captured({ kind, durationMs: 50 })).pieces).not.toHaveLength(0);
  });

  it("of the heap says so if it has no place for its file", async () => {
    await expectNotWritten("/proc/nowhere", "ENOENT");
  });

  it.skipIf(!canMount)("of the heap says so if the disk is too small for its file", async () => {
    await expectNotWritten(smallDisk, "ENOSPC");
    expect(await readdir(smallDisk)).toEqual([]);
  });
});

async function expectNotWritten(directory: string, code: string): Promise<void> {
  process.env.TMPDIR = directory;
  const capture = captured({ kind: "heap" });
  await expect(capture).rejects.toThrow(PreconditionError);
  await expect(capture).rejects.toMatchObject({ reason: "PROFILE_NOT_WRITTEN" });
  await expect(capture).rejects.toThrow(`temporary file in ${directory}, which cannot be written (${code})`);
}

import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Argument, type Command } from "commander";
import { type CaptureProfileResponse, ProfileKind } from "#gen/llmemory/v1/admin_service_pb.js";
import { limits } from "../../domain/limits.ts";
import { runWithService } from "../client/run-with-service.ts";
import { type CommandContext, UserError } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { startProgress } from "../format/progress.ts";
import { durationMilliseconds, formatBytes } from "../format/quantities.ts";
import { addConnectionOptions, type ClientOptions } from "../options/client-options.ts";
import { wholeNumber } from "../options/option-parsers.ts";

interface ProfileOptions extends ClientOptions {
  readonly seconds?: number;
  readonly output?: string;
}

const secondsRange = { min: limits.profileMsMin / 1_000, max: limits.profileMsMax / 1_000 };

/** What each kind is called on the wire, how its file must end for Chrome DevTools, and what opens it. */
const kinds = {
  cpu: { kind: ProfileKind.CPU, ending: ".cpuprofile", opens: "Chrome DevTools (Performance) or speedscope" },
  heap: { kind: ProfileKind.HEAP, ending: ".heapsnapshot", opens: "Chrome DevTools (Memory)" },
  allocations: { kind: ProfileKind.ALLOCATIONS, ending: ".heapprofile", opens: "Chrome DevTools (Memory) or speedscope" },
} as const;
type KindName = keyof typeof kinds;

/** `llmemory profile`: where the time and the memory of a running service go. */
export function registerProfile(program: Command, context: CommandContext): void {
  addConnectionOptions(
    program
      .command("profile")
      .description("capture a profile of the service's main thread, for Chrome DevTools or speedscope")
      .addArgument(
        new Argument("<kind>", "cpu: where time goes; heap: what is in memory now; allocations: who takes memory").choices(
          Object.keys(kinds),
        ),
      )
      .option("--seconds <n>", "how long to capture, not with heap (default: 30)", wholeNumber(secondsRange))
      .option("--output <file>", "where to write it (default: llmemory-TIME.cpuprofile, .heapsnapshot or .heapprofile)"),
  ).action((name: KindName, options: ProfileOptions) =>
    runWithService(context, options, async ({ service, json }) => {
      const { kind, ending, opens } = kinds[name];
      const { seconds, output = `llmemory-${timeOfName()}${ending}` } = options;
      const request = { kind, ...(seconds !== undefined && { duration: durationFromMs(seconds * 1_000) }) };
      const capture = () => service.admin.captureProfile(request, { signal: context.signal });
      const bytes = await writeProfile(output, contentOf(capture, context));
      if (json) context.stdout.write(`${JSON.stringify({ kind: name, file: output, bytes })}\n`);
      else {
        context.stdout.write(`${output}\n`);
        context.stderr.write(`${formatBytes(bytes)}; open it with ${opens}\n`);
        if (name === "heap") context.stderr.write("It holds what was in memory: texts of documents and secrets, too.\n");
      }
      return exitCodes.ok;
    }),
  );
}

/** The pieces of the file; shows how far the capture is meanwhile. The call begins with the first look: sooner, nobody would see it fail. */
async function* contentOf(
  capture: () => AsyncIterable<CaptureProfileResponse>,
  { stderr }: CommandContext,
): AsyncGenerator<Uint8Array> {
  const bar = startProgress(stderr, { label: "capturing", unit: "s", total: 1 });
  try {
    for await (const { event } of capture()) {
      if (event.case === "content") yield event.value;
      else if (event.value?.elapsed && event.value.duration) {
        const [value, total] = [event.value.elapsed, event.value.duration].map((time) =>
          Math.round(durationMilliseconds(time) / 1_000),
        );
        bar.update({ value: value ?? 0, total: total ?? 1 });
      }
    }
  } finally {
    bar.stop();
  }
}

/** Writes beside the file first, so that a capture that breaks off leaves no half of a file and loses no older one. */
async function writeProfile(path: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  const partPath = `${path}.${randomUUID()}.part`;
  const writing = <T>(done: Promise<T>) =>
    done.catch((cause: NodeJS.ErrnoException) => {
      throw new UserError(`${path} cannot be written: ${cause.code}`, exitCodes.failed, { cause });
    });
  const file = await writing(open(partPath, "wx", 0o600));
  let bytes = 0;
  try {
    for await (const piece of pieces) {
      await writing(file.appendFile(piece));
      bytes += piece.byteLength;
    }
    await writing(file.close());
    await writing(rename(partPath, path));
  } catch (error) {
    await file.close();
    await rm(partPath, { force: true });
    throw error;
  }
  return bytes;
}

/** As in `2026-01-31T10-00-00`: file systems of other kinds refuse colons. */
function timeOfName(): string {
  return new Date().toISOString().slice(0, 19).replaceAll(":", "-");
}

// The whole module, since this file is read by versions of Node that lack the function before they are refused.
import os from "node:os";

const servingCommands: ReadonlySet<string | undefined> = new Set(["serve", "worker", "demo"]);

/** Of glibc's allocator. */
const allocatorSettings = { MALLOC_MMAP_THRESHOLD_: String(1024 * 1024), MALLOC_ARENA_MAX: "1" };

/** V8 has this many threads that collect garbage and compile beside the program, however few processors there are. */
const helpersUsual = 4;

/** MiB of each half of the main thread's young generation. */
const youngHalfMiB = 4;

/**
 * Replaces this process by one with settings that can only be given at its start; the process id, the streams and the arguments stay, and
 * it takes about 40 ms. What is set already is left alone.
 *
 * - glibc's allocator gives large blocks back to the system once they are free. Otherwise it learns to allocate them in its heaps, which
 *   stay resident: 45 MB at rest, more after large documents. It keeps one heap rather than one for each thread, since what one thread
 *   had freed the others could not use: 40 MB while documents of 10 MB are streamed in, and nothing became slower.
 * - V8 has no more helping threads than there are processors beside the one that runs the program. On two processors, four of them get in
 *   each other's way and in the database's: with one, 25 % more documents were stored in the same time.
 * - V8's young generation is small. It never gives back what it once took, and in a large one the buffers that statements return pile up
 *   until their memory has the whole heap collected: searches of 2,000 chunks spent a fifth of their time on that.
 *
 * Nothing happens for a command that does not serve, on systems other than Linux, or under a parent that talks to this process over a
 * channel (`node --watch`), which would be cut.
 */
export function applyProcessSettings(): void {
  const isWanted = process.platform === "linux" && servingCommands.has(process.argv[2]) && process.channel == null;
  if (!isWanted) return;
  const environment = Object.fromEntries(Object.entries(allocatorSettings).filter(([name]) => process.env[name] === undefined));
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  const helpers = Math.max(1, os.availableParallelism() - 1);
  const options = [
    ...(helpers < helpersUsual ? [`--v8-pool-size=${helpers}`] : []),
    `--max-semi-space-size=${youngHalfMiB}`,
  ].filter((option) => !given.includes(option.replace(/=.*/, "")));
  if (options.length === 0 && Object.keys(environment).length === 0) return;
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...options, ...process.argv.slice(1)], {
    ...process.env,
    ...environment,
  });
}

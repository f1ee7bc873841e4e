const variable = "MALLOC_MMAP_THRESHOLD_";
const thresholdBytes = 1024 * 1024;
const servingCommands: ReadonlySet<string | undefined> = new Set(["serve", "worker", "demo"]);

/**
 * Replaces this process by one whose allocator gives large blocks back to the system once they are free: glibc otherwise learns to allocate
 * them in its heaps, which stay resident (45 MB at rest, more after large documents). It reads the setting before any of our code
 * runs, hence the replacement; the process id, the streams and the arguments stay, and it takes about 40 ms. Nothing happens for a
 * command that does not serve, if the setting is given, where the system has no such allocator, or under a parent that talks to this
 * process over a channel (`node --watch`), which would be cut.
 */
export function applyAllocatorSettings(): void {
  const isWanted = process.platform === "linux" && servingCommands.has(process.argv[2]) && process.channel == null;
  if (!isWanted || process.env[variable] !== undefined) return;
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    ...process.env,
    [variable]: String(thresholdBytes),
  });
}

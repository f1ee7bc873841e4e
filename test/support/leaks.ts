/** Live handles by Node's name of their kind. */
export type ResourceCounts = Readonly<Record<string, number>>;

/** What must not outlive a test file, by Node's name for it. Others, such as a pending file read, end by themselves. */
const names: Readonly<Record<string, string>> = {
  Worker: "worker thread",
  TCPSocketWrap: "TCP connection",
  TCPServerWrap: "TCP listener",
  PipeWrap: "local connection",
  PipeServerWrap: "local listener",
  ProcessWrap: "child process",
  MessagePort: "message port",
  Timeout: "timer",
};

/** Says what there is more of than before, as in `2 × worker thread, 1 × timer`; undefined: nothing. */
export function describeLeaks(before: ResourceCounts, after: ResourceCounts): string | undefined {
  const leaks = Object.entries(names).flatMap(([kind, name]) => {
    const count = (after[kind] ?? 0) - (before[kind] ?? 0);
    return count > 0 ? [`${count} × ${name}`] : [];
  });
  return leaks.length > 0 ? leaks.join(", ") : undefined;
}

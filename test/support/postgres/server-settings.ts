/** What initdb gets, wherever the PostgreSQL comes from: the same collation on every machine, whichever locales it has. */
export const initdbOptions = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];

/** What the server gets, wherever the PostgreSQL comes from. */
export const testSettings: readonly string[] = [
  // Test files that run at once have a pool each.
  "max_connections=300",
  "shared_buffers=128MB",
  // Tests end processes, not machines, and what a process has written survives it without fsync.
  "fsync=off",
  "full_page_writes=off",
];

/** Where it is measured how fast something is stored: on disk, and with room for 100,000 chunks. */
export const durableSettings: readonly string[] = [
  "max_connections=100",
  "shared_buffers=1GB",
  "max_wal_size=4GB",
  "maintenance_work_mem=256MB",
];

/** As arguments of the server. */
export function serverOptions(settings: readonly string[]): string[] {
  return settings.flatMap((setting) => ["-c", setting]);
}

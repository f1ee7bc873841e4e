/** What initdb gets, wherever the PostgreSQL comes from: the same collation on every machine, whichever locales it has. */
export const initdbOptions = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];

const settings = [
  // Test files that run at once have a pool each.
  "max_connections=300",
  "shared_buffers=128MB",
  // Tests end processes, not machines, and what a process has written survives it without fsync.
  "fsync=off",
  "full_page_writes=off",
];

/** What the server gets, wherever the PostgreSQL comes from. */
export const serverOptions = settings.flatMap((setting) => ["-c", setting]);

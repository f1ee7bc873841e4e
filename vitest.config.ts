import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/**
 * Two sets of tests: `node` needs Node alone and runs on the embedded database; `toolchains` drives the service with Go, Python,
 * Prometheus and the packed package. `--mode all` runs both, on a real PostgreSQL as well; `--mode postgres` runs what that adds.
 */
export default defineConfig(({ mode }) => {
  const everything = mode === "all" || mode === "postgres";
  const node = {
    extends: true as const,
    test: {
      name: "node",
      include: mode === "postgres" ? testsWithPostgres() : ["test/**/*.test.ts"],
      exclude: ["test/toolchains/**"],
    },
  };
  const toolchains = {
    extends: true as const,
    test: { name: "toolchains", include: ["test/toolchains/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 300_000 },
  };
  return {
    test: {
      projects: everything ? [node, toolchains] : [node],
      globalSetup: everything ? "test/support/set-up-everything.ts" : "test/support/set-up-node-only.ts",
      env: { TESTS_EMBEDDED: String(mode !== "postgres") },
      setupFiles: ["test/support/fail-on-leaks.ts"],
      // Many tests wait for other processes: one file at a time, vitest's choice for two cores, leaves them idle.
      maxWorkers: Math.max(2, availableParallelism() - 1),
      // The embedded database takes seconds to create, more when test files share few cores.
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  };
});

/** The test files that ask for the databases of the run, or for a real PostgreSQL. */
function testsWithPostgres(): string[] {
  const files = readdirSync("test", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".test.ts"));
  return files
    .map((name) => join("test", name))
    .filter((path) => /testDatabases|realPostgres|hasRealPostgres|createTestDatabase/.test(readFileSync(path, "utf8")));
}

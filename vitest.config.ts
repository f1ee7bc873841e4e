import { defineConfig } from "vitest/config";

/**
 * Two sets of tests: `node` needs Node alone and runs on the embedded database; `--mode all` runs them on a real PostgreSQL as well and
 * adds `toolchains`, which drives the service with Go, Python and the packed package.
 */
export default defineConfig(({ mode }) => {
  const everything = mode === "all";
  const node = {
    extends: true as const,
    test: { name: "node", include: ["test/**/*.test.ts"], exclude: ["test/toolchains/**"] },
  };
  const toolchains = {
    extends: true as const,
    test: { name: "toolchains", include: ["test/toolchains/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 300_000 },
  };
  return {
    test: {
      projects: everything ? [node, toolchains] : [node],
      globalSetup: everything ? "test/support/set-up-everything.ts" : "test/support/set-up-node-only.ts",
      setupFiles: ["test/support/fail-on-leaks.ts"],
      // The embedded database takes seconds to create, more when test files share few cores.
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  };
});

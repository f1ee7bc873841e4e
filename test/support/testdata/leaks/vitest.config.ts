import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/support/testdata/leaks/*.leak.ts"],
    setupFiles: ["test/support/fail-on-leaks.ts"],
    // All at once, since each waits a while before it fails.
    maxWorkers: 4,
  },
});

import { defineConfig } from "vitest/config";

/** Two projects: `unit` needs no network; `live` drives real servers and mostly waits for them, so two files run at
 *  the same time. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{src,oracle,scenarios,reports,bench}/**/*.test.ts"],
          exclude: ["**/*.live.test.ts"],
          testTimeout: 10_000,
          // None of them changes what it imports: loading it all again for every file took longer than the tests.
          isolate: false,
        },
      },
      {
        test: {
          name: "live",
          include: ["live/**/*.live.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          maxConcurrency: 3,
        },
      },
    ],
  },
});

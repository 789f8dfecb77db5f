import { defineConfig } from "vitest/config";

/** Two projects: `unit` needs no network and stays under ten seconds; `live` drives real servers, one file after the other. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{src,oracle,scenarios,reports,bench}/**/*.test.ts"],
          exclude: ["**/*.live.test.ts"],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: "live",
          include: ["live/**/*.live.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

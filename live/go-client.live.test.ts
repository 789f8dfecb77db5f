/** go-zookeeper in all three modes. */
import { join } from "node:path";
import { step, testForeignProgram } from "./toolchain.fixture.ts";

testForeignProgram("go-zookeeper-1.0.4", {
  needs: [["go", "version"]],
  sources: ["go/main.go", "go/go.mod", "go/go.sum"],
  build: (folder, at) => step("go", ["build", "-o", join(folder, "recipes"), "."], { cwd: join(at, "go") }),
  command: (folder) => [join(folder, "recipes")],
  checks: [
    ...[
      "every mode",
      "data and errors",
      "transactions",
      "permissions",
      "watches",
      "locks",
      "reconnect",
      "session loss",
    ],
  ],
  repliesMin: 150,
});

/** Curator's recipes and ZooKeeper's own Java client, in all three modes. */
import { join } from "node:path";
import { step, testForeignProgram } from "./toolchain.fixture.ts";

const classes = ["Checks", "OwnClient", "Recipes"].map((name) => `java/src/main/java/recipes/${name}.java`);

testForeignProgram("curator-5.9.0", {
  needs: [
    ["javac", "-version"],
    ["mvn", "--version"],
  ],
  sources: ["java/pom.xml", ...classes],
  build: (folder, at) => step("mvn", ["-q", "-B", "package", `-Dout=${folder}`], { cwd: join(at, "java") }),
  command: (folder) => ["java", "-Xmx256m", "-cp", join(folder, "jars", "*"), "recipes.Recipes"],
  checks: [
    ...[
      "transactions",
      "mutex",
      "read-write lock and semaphore",
      "leader latch",
      "queue and double barrier",
      "counters",
    ],
    ...["caches", "persistent nodes", "reconnect", "session loss", "every mode", "identities", "persistent watches"],
    ...["multi and multiRead", "persistent watches survive a cut"],
  ],
  repliesMin: 500,
});

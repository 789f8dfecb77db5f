/** kazoo's recipes, in all three modes. */
import { join } from "node:path";
import { step, testForeignProgram } from "./toolchain.fixture.ts";

testForeignProgram("kazoo-2.11.0", {
  needs: [["python3", "-m", "pip", "--version"]],
  sources: [],
  build: (folder) => step("python3", ["-m", "pip", "install", "--quiet", "--target", folder, "kazoo==2.11.0"]),
  command: (folder, at) => ["env", `PYTHONPATH=${folder}`, "python3", join(at, "kazoo_recipes.py")],
  checks: [
    ...["data and errors", "transactions", "permissions", "lock", "read write lock and semaphore", "lease", "election"],
    ...["queue", "barriers", "counter", "partitioner", "party", "watchers", "tree cache", "reconnect", "session loss"],
  ],
  repliesMin: 500,
});

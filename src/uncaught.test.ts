import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** A checkout of xchk alone, whose program is written by the test. */
let home: string;
beforeAll(() => {
  // Odd on purpose: a checkout may lie anywhere.
  home = join(mkdtempSync(join(tmpdir(), "zetcd-uncaught-")), "a b%20#c");
  for (const folder of ["bin", "src", "oracle"]) mkdirSync(join(home, folder), { recursive: true });
  for (const file of ["bin/xchk", "bin/launch.sh", "src/uncaught.ts", "package.json"])
    cpSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), join(home, file));
});
afterAll(() => rmSync(join(home, ".."), { recursive: true }));

function xchk(program: string) {
  writeFileSync(join(home, "oracle", "main.ts"), program);
  const path = `${join(process.execPath, "..")}:${process.env.PATH}`;
  const env = { ...process.env, PATH: path, NODE_COMPILE_CACHE: join(home, "cache") };
  const { status, stderr } = spawnSync(join(home, "bin", "xchk"), ["fuzz"], { env, encoding: "utf8" });
  return { status, stderr };
}

describe("a program that fails ends with 255, which accuses no server", () => {
  test.each([
    ["throws", 'throw new Error("oops");'],
    ["throws later", 'setTimeout(() => { throw new Error("oops"); }, 1);'],
    ["rejects unheard", 'void Promise.reject(new Error("oops")); await new Promise((done) => setTimeout(done, 50));'],
    ["throws no error", 'throw "oops";'],
    ["cannot be read", "const oops: = 1;"],
  ])("that %s", (_, program) => {
    expect(xchk(program)).toEqual({
      status: 255,
      stderr: expect.stringMatching(/oops[\s\S]*the program itself failed\n$/),
    });
  });

  test("whose packages are missing", () => {
    expect(xchk('import "no-such-package";')).toEqual({
      status: 255,
      stderr: expect.stringMatching(/no-such-package[\s\S]*npm ci does that\n$/),
    });
  });

  test("one that says its own exit code keeps it", () => {
    expect(xchk("process.exitCode = process.argv[2] === 'fuzz' ? 2 : 0;").status).toBe(2);
  });
});

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { CounterexampleLine, JournalLine } from "../journal.ts";
import { redacted } from "./redacted.ts";

const digest = (text: string | Buffer) =>
  `<${Buffer.byteLength(text)} bytes sha256:${createHash("sha256").update(text).digest("hex").slice(0, 8)}>`;
const none = { is: "none" } as const;

/** What becomes of a story's request. */
function told(request: unknown, reveal = false): unknown {
  const lines: JournalLine[] = [];
  const answers = { candidate: none, oracle: none };
  const story = [{ by: "a", request, answers, events: { candidate: [], oracle: [] }, differences: [] }];
  const line: CounterexampleLine = {
    ...{ event: "counterexample", fingerprint: "f", operations: 1, sessions: 1, story },
    ...{ replay: "r", file: "f.json", reproduced: 1, attempts: 1, shrinkMs: 1 },
  };
  redacted((each) => lines.push(each), { reveal })(line);
  const [out] = lines;
  return out?.event === "counterexample" ? out.story[0]?.request : undefined;
}

test.each([
  [
    { op: "create", path: "/n", data: "geheim" },
    { op: "create", path: "/n", data: digest("geheim") },
  ],
  [
    { op: "setData", data: { hex: "00ff" } },
    { op: "setData", data: digest(Buffer.from("00ff", "hex")) },
  ],
  [
    { op: "setData", data: { repeat: "ab", times: 3 } },
    { op: "setData", data: digest("ababab") },
  ],
  [
    { op: "setData", data: digest("once") },
    { op: "setData", data: digest("once") },
  ],
  [
    { op: "create", data: null },
    { op: "create", data: null },
  ],
  [
    { op: "setWatches", data: ["/n"] },
    { op: "setWatches", data: ["/n"] },
  ],
  [
    { op: "auth", scheme: "digest", auth: "ann:pass" },
    { op: "auth", scheme: "digest", auth: "<secret>" },
  ],
  [
    { op: "raw", hex: "c0ffee", reply: true },
    { op: "raw", hex: "", reply: true },
  ],
  [
    { op: "setACL", acl: "open" },
    { op: "setACL", acl: "open" },
  ],
  [
    { op: "setACL", acl: [{ perms: "r", scheme: "digest", id: "ann:Zm9v\nYmFy" }] },
    { op: "setACL", acl: [{ perms: "r", scheme: "digest", id: "ann:x" }] },
  ],
  [
    { op: "multi", ops: [{ op: "create", data: "geheim" }, { op: "check" }] },
    { op: "multi", ops: [{ op: "create", data: digest("geheim") }, { op: "check" }] },
  ],
  ["not a step", "not a step"],
])("%j is told as %j", (request, shown) => {
  expect(told(request)).toEqual(shown);
});

test("what is revealed is data, not credentials", () => {
  const acl = [{ perms: "r", scheme: "digest", id: "ann:Zm9v" }];
  expect(told({ op: "create", data: "geheim", acl }, true)).toEqual({
    ...{ op: "create", data: "geheim" },
    acl: [{ perms: "r", scheme: "digest", id: "ann:x" }],
  });
  expect(told({ op: "auth", scheme: "digest", auth: "ann:pass" }, true)).toMatchObject({ auth: "<secret>" });
  expect(told({ op: "raw", hex: "c0ffee" }, true)).toMatchObject({ hex: "c0ffee" });
});

test("other lines pass as they are", () => {
  const lines: JournalLine[] = [];
  const note: JournalLine = { event: "note", text: "as it is" };
  redacted((each) => lines.push(each), { reveal: false })(note);
  expect(lines[0]).toBe(note);
});

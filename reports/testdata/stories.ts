/** Shrunk stories for tests and for the committed sample: divergences as a candidate on etcd would really show them. */
import type { Difference } from "../../oracle/compare/difference.ts";
import type { Answer, CounterexampleLine, StoryStep } from "../../oracle/journal.ts";
import { valueDifference } from "./journals.ts";

const ok = (zxid: number, body?: unknown, hex?: string): Answer => ({
  is: "reply",
  err: "OK",
  zxid: String(zxid),
  ...(body === undefined ? {} : { body }),
  ...(hex === undefined ? {} : { hex }),
});
const refused = (zxid: number, err: string): Answer => ({ is: "reply", err, zxid: String(zxid) });

/** A Stat as a reply shows it, with the frame's 68 bytes. */
function stat(changes: Readonly<Record<string, string | number>>): {
  body: Record<string, string | number>;
  hex: string;
} {
  const body: Record<string, string | number> = {
    czxid: "4294967298",
    mzxid: "4294967298",
    ctime: "1773480413589",
    mtime: "1773480413589",
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: "0",
    dataLength: 2,
    numChildren: 0,
    pzxid: "4294967298",
    ...changes,
  };
  const longs = new Set(["czxid", "mzxid", "ctime", "mtime", "ephemeralOwner", "pzxid"]);
  const hex = Object.entries(body).map(([name, value]) =>
    BigInt(value)
      .toString(16)
      .padStart(longs.has(name) ? 16 : 8, "0"),
  );
  return { body, hex: hex.join("") };
}

/** A whole frame: header, then the body. */
const frame = (xid: number, zxid: number, body: string): string =>
  `${xid.toString(16).padStart(8, "0") + zxid.toString(16).padStart(16, "0")}00000000${body}`;

const step = (
  request: Readonly<Record<string, unknown>> & { readonly by: string },
  candidate: Answer,
  oracle: Answer,
  differences: readonly Difference[] = [],
  events: StoryStep["events"] = { candidate: [], oracle: [] },
): StoryStep => ({ by: request.by, request, answers: { candidate, oracle }, events, differences });

const candidateStat = stat({ cversion: 1, numChildren: 0, pzxid: "4294967299", czxid: "12", mzxid: "12" });
const oracleStat = stat({ cversion: 2, numChildren: 0, pzxid: "4294967300" });

/** Deleting a child must count as a change of the children; the candidate counts creations only. */
export const cversionStory: CounterexampleLine = {
  event: "counterexample",
  fingerprint: "getData stat.cversion value",
  operations: 4,
  sessions: 2,
  story: [
    step(
      { by: "a", op: "create", path: "/n", data: "hi" },
      ok(12, { path: "/c7/n" }),
      ok(4294967298, { path: "/c7/n" }),
    ),
    step({ by: "b", op: "create", path: "/n/x" }, ok(13, { path: "/c7/n/x" }), ok(4294967299, { path: "/c7/n/x" })),
    step({ by: "b", op: "delete", path: "/n/x", version: -1 }, ok(14), ok(4294967300)),
    step(
      { by: "a", op: "getData", path: "/n" },
      ok(14, { data: '"hi"', stat: candidateStat.body }, frame(3, 14, `000000026869${candidateStat.hex}`)),
      ok(4294967300, { data: '"hi"', stat: oracleStat.body }, frame(3, 4294967300, `000000026869${oracleStat.hex}`)),
      [
        valueDifference("stat.cversion", "1", "2"),
        {
          is: "value",
          at: "stat.pzxid",
          kind: "zxid",
          candidate: "write of step 2",
          oracle: "write of step 3",
          relation: "same write",
        },
      ],
    ),
  ],
  replay: "bin/xchk replay zx1:1234567:mixed:12:4:0:2",
  file: "counterexamples/getdata-cversion.json",
  reproduced: 5,
  attempts: 5,
  shrinkMs: 1_840,
};

/** A child watch that the candidate forgets when the znode itself is deleted. */
export const lostWatchStory: CounterexampleLine = {
  event: "counterexample",
  fingerprint: "getChildren event absent",
  operations: 3,
  sessions: 2,
  story: [
    step({ by: "a", op: "create", path: "/n" }, ok(20, { path: "/c9/n" }), ok(4294967310, { path: "/c9/n" })),
    step(
      { by: "b", op: "getChildren", path: "/n", watch: true },
      ok(20, { children: [] }),
      ok(4294967310, { children: [] }),
    ),
    step(
      { by: "a", op: "delete", path: "/n", version: 0 },
      ok(21),
      ok(4294967311),
      [{ is: "absent", at: "event", on: "candidate", other: "deleted /n → b" }],
      { candidate: [], oracle: [{ is: "event", body: { type: 2, state: 3, path: "/n", session: "b" } }] },
    ),
  ],
  replay: "bin/xchk replay zx1:1234567:watches:3:1",
  file: "counterexamples/child-watch-on-delete.json",
  reproduced: 5,
  attempts: 5,
  shrinkMs: 920,
};

/** A second create that the candidate lets through: both trees differ from there on. */
export const ghostWriteStory: CounterexampleLine = {
  event: "counterexample",
  fingerprint: "create err OK≠NOCHILDRENFOREPHEMERALS",
  operations: 3,
  sessions: 1,
  story: [
    step(
      { by: "a", op: "create", path: "/e", flags: "ephemeral" },
      ok(30, { path: "/c2/e" }),
      ok(4294967320, { path: "/c2/e" }),
    ),
    step(
      { by: "a", op: "create", path: "/e/child", data: "ghost" },
      ok(31, { path: "/c2/e/child" }),
      refused(4294967321, "NOCHILDRENFOREPHEMERALS"),
      [valueDifference("err", "OK", "NOCHILDRENFOREPHEMERALS")],
    ),
    step({ by: "a", op: "closeSession" }, ok(32), ok(4294967322)),
  ],
  replay: "bin/xchk replay zx1:1234567:mixed:3:7",
  file: "counterexamples/ephemeral-parent.json",
  reproduced: 5,
  attempts: 5,
  shrinkMs: 640,
};

import { describe, expect, test } from "vitest";
import type { Answer } from "../oracle/journal.ts";
import { Causes } from "./causes.ts";
import { fieldRows, hexWindow } from "./fields.ts";
import { ruleFor, rules } from "./rules.ts";
import { severityOf } from "./severity.ts";
import { loneStory, storyOf } from "./story.ts";
import { divergence, valueDifference } from "./testdata/journals.ts";
import { cversionStory, ghostWriteStory, lostWatchStory } from "./testdata/stories.ts";
import { SideTree } from "./tree.ts";
import { withoutRoot } from "./wording.ts";

const ok = (body?: unknown): Answer => ({ is: "reply", err: "OK", body });

describe("both answers side by side", () => {
  const answers = {
    candidate: {
      is: "reply",
      err: "OK",
      zxid: "5",
      body: { path: "/a", stat: { version: 1, mzxid: "5" }, children: ["x", "y"] },
    },
    oracle: {
      is: "reply",
      err: "OK",
      zxid: "9",
      body: { path: "/a", stat: { version: 2, mzxid: "9" }, children: ["x"] },
    },
  } as const;
  const marks = (differences: Parameters<typeof fieldRows>[1]) =>
    Object.fromEntries(fieldRows(answers, differences).map((row) => [row.at, row.mark]));

  test("only what the comparator objects to is marked; other values may differ by right", () => {
    expect(marks([valueDifference("stat.version", "1", "2")])).toEqual({
      answer: "same",
      err: "same",
      zxid: "related",
      path: "same",
      "stat.version": "differs",
      "stat.mzxid": "related",
      children: "related",
    });
  });

  test("a difference that no field stands for gets its own row", () => {
    const rows = fieldRows(answers, [
      { is: "stalled", at: "reply", on: "candidate", waitedMs: 5_000 },
      { is: "members", at: "children", only: { candidate: ["y"], oracle: [] } },
    ]);
    expect(rows.filter((row) => row.mark === "differs").map((row) => [row.at, row.candidate])).toEqual([
      ["children", "[x, y]"],
      ["reply", "no answer within 5,000 ms"],
      ["children", "only here: y"],
    ]);
  });

  test("a difference in a record marks its fields", () => {
    expect(marks([{ is: "absent", at: "stat", on: "candidate", other: "a Stat" }])).toMatchObject({
      "stat.version": "differs",
      "stat.mzxid": "differs",
      path: "same",
    });
  });

  test("a thousand fields are cut, the differing one stays", () => {
    const body = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`f${at}`, at]));
    const both = { candidate: ok(body), oracle: ok({ ...body, f150: "other" }) };
    const rows = fieldRows(both, [valueDifference("f150", "150", "other")]);
    expect(rows.length).toBeLessThan(150);
    expect(rows[0]).toMatchObject({ at: "f150", mark: "differs" });
    expect(rows.at(-1)?.at).toContain("more fields");
  });
});

describe("raw frames", () => {
  const frame = (hex: string): Answer => ({ is: "reply", hex });

  test("short ones are shown whole", () => {
    expect(hexWindow({ candidate: frame("00ff"), oracle: frame("00") })).toEqual({
      offset: 0,
      candidate: "00ff",
      oracle: "00",
      bytes: { candidate: 2, oracle: 1 },
    });
  });

  test("of long ones the part around the first differing byte behind the header", () => {
    const head = "00000001000000000000000";
    const long = (zxid: string, at: string) => frame(`${head}${zxid}${"00".repeat(1_000)}${at}${"00".repeat(1_000)}`);
    const window = hexWindow({ candidate: long("1", "aa"), oracle: long("2", "bb") });
    expect(window).toMatchObject({ offset: 976, bytes: { candidate: 2013, oracle: 2013 } });
    expect(window?.candidate.slice((1012 - 976) * 2, (1012 - 976) * 2 + 2)).toBe("aa");
  });

  test("what is no hex is not shown", () => {
    expect(hexWindow({ candidate: frame("<script>"), oracle: frame("0") })).toBeUndefined();
  });
});

describe("stories", () => {
  test("lanes, words and complaints", () => {
    const story = storyOf(cversionStory);
    expect(story.sessions).toEqual(["a", "b"]);
    expect(story.steps.map((step) => [step.by, step.op, step.args[0]?.[1], step.said.oracle])).toEqual([
      ["a", "create", "/n", "OK"],
      ["b", "create", "/n/x", "OK"],
      ["b", "delete", "/n/x", "OK"],
      ["a", "getData", "/n", "OK"],
    ]);
    expect(story.steps[3]?.complaints).toEqual([
      "stat.cversion is not the same",
      "stat.pzxid breaks its rule “same write”",
    ]);
  });

  test("paths of live traffic are told as people know them", () => {
    const told = (request: Record<string, unknown>) =>
      loneStory(divergence(1, { request })[1]).steps[0]?.args.map(([name, value]) => `${name}=${value}`);
    expect(told({ op: "getData", watch: true, path: { exact: "/n" } })).toEqual(["path=/n", "watch=true"]);
    expect(told({ op: "setWatches", since: 7, data: [{ exact: "/n" }, { exact: "/n/x" }], child: [] })).toEqual([
      "since=7",
      "data=/n, /n/x",
      "child=[]",
    ]);
    expect(told({ op: "multi", ops: [{ op: "check", path: { exact: "/n" } }] })).toEqual([
      'ops=[{"op":"check","path":"/n"}]',
    ]);
    expect(told({ op: "exists", path: { quota: "/a/zookeeper_stats" } })).toEqual([
      "path=/zookeeper/quota~/a/zookeeper_stats",
    ]);
    expect(told({ op: "setData", path: { ref: "p" }, data: "/x" })).toEqual(['path={"ref":"p"}', "data=/x"]);
  });

  test("the root of a case, another one each time, is a tilde", () => {
    expect(
      [
        "/xmwpqvtud-2u/r",
        "/zookeeper/quota/xmwpqvtud-2u/r/a",
        "on /xmwpqvtud-2u/r/a and /chroot/xmwpqvtud-2u/r",
        "/xmwpqvtud-2u/rest",
        "/x/r",
      ].map(withoutRoot),
    ).toEqual(["~", "/zookeeper/quota~/a", "on ~/a and ~", "/xmwpqvtud-2u/rest", "/x/r"]);
    const path = "/xmwpqvtud-2u/r/a";
    const answers = {
      candidate: { is: "none" },
      oracle: { is: "event", body: { type: "NodeDeleted", path } },
    } as const;
    const differences = [{ is: "absent", at: "event", on: "candidate", other: `NodeDeleted ${path}` }] as const;
    const [, line] = divergence(1, { answers, differences, request: { op: "event", path: { exact: path } } });
    expect(loneStory(line).steps[0]?.events.oracle).toEqual(["deleted ~/a"]);
    const causes = new Causes();
    causes.add(line);
    expect(causes.view()).toMatchObject([{ oracle: "NodeDeleted ~/a", paths: ["~/a"] }]);
    expect(loneStory(divergence(1, { request: { op: "exists", path: "" } })[1]).steps[0]?.args).toEqual([
      ["path", "~"],
    ]);
  });

  test("events stand with the step that they came after", () => {
    expect(storyOf(lostWatchStory).steps[2]?.events).toEqual({ candidate: [], oracle: ["deleted /n → b"] });
  });

  test("a lone event is told as one", () => {
    const [, line] = divergence(1, {
      answers: { candidate: { is: "none" }, oracle: { is: "event", body: { type: "NodeDeleted", path: "/n" } } },
    });
    expect(loneStory(line).steps[0]).toMatchObject({
      said: { candidate: "no answer", oracle: "event" },
      events: { candidate: [], oracle: ["deleted /n"] },
    });
  });

  test("a very long one is cut and says so", () => {
    const [first] = cversionStory.story;
    const story = storyOf({
      ...cversionStory,
      story: Array.from(
        { length: 500 },
        () =>
          first ?? {
            by: "",
            request: {},
            answers: { candidate: ok(), oracle: ok() },
            events: { candidate: [], oracle: [] },
            differences: [],
          },
      ),
    });
    expect([story.steps.length, story.cut]).toEqual([60, 440]);
  });
});

describe("trees", () => {
  const paths = (effects: ReturnType<SideTree["apply"]>) =>
    effects.map((effect) => ("gone" in effect ? `-${effect.path}` : effect.path));

  test("each side keeps what its own answers say", () => {
    const { steps } = storyOf(ghostWriteStory);
    expect(steps[1]?.effects.candidate).toMatchObject([{ path: "/e/child", facts: { data: "“ghost”", version: "0" } }]);
    expect(steps[1]?.effects.oracle).toEqual([]);
    expect(steps[2]?.effects.oracle).toEqual([{ path: "/e", gone: true }]);
  });

  test("a create without data makes an empty znode, not one with null", () => {
    const tree = new SideTree();
    const created = (request: Record<string, unknown>) =>
      tree.apply("a", { op: "create", path: { exact: "/n" }, ...request }, { is: "reply", err: "OK" });
    expect(created({})).toMatchObject([{ path: "/n", facts: { data: "“”" } }]);
    expect(created({ data: null })).toMatchObject([{ facts: { data: "null" } }]);
  });

  test("a sequential create has the suffix that the server gave, below the case's root", () => {
    const tree = new SideTree();
    const create = { op: "create", path: "/q/n-", flags: "sequential", bind: "first" };
    expect(paths(tree.apply("a", create, ok({ path: "/x7/q/n-0000000003" })))).toEqual(["/q/n-0000000003"]);
    expect(paths(tree.apply("a", { op: "delete", path: { ref: "first" } }, ok()))).toEqual(["-/q/n-0000000003"]);
  });

  test("a multi that failed applied nothing, one that worked applied all", () => {
    const multi = {
      op: "multi",
      ops: [
        { op: "create", path: "/a" },
        { op: "setData", path: "/a", data: "x" },
      ],
    };
    const failed = {
      results: [
        { type: -1, err: "OK", code: "OK" },
        { type: -1, err: "NONODE", code: "NONODE" },
      ],
    };
    const worked = {
      results: [
        { type: "create", err: "OK", path: "/a" },
        { type: "setData", err: "OK", stat: { version: 1 } },
      ],
    };
    expect(new SideTree().apply("a", multi, ok(failed))).toEqual([]);
    expect(new SideTree().apply("a", multi, ok(worked))).toMatchObject([
      { path: "/a", facts: { data: "“x”", version: "1" } },
    ]);
  });

  test("a server's Stat replaces what was implied", () => {
    const tree = new SideTree();
    tree.apply("a", { op: "create", path: "/a" }, ok());
    expect(tree.apply("a", { op: "exists", path: "/a" }, ok({ stat: { version: 7, cversion: 3 } }))).toMatchObject([
      { facts: { version: "7", cversion: "3" } },
    ]);
  });

  test("the end of a session takes its ephemerals, not those of others", () => {
    const tree = new SideTree();
    tree.apply("a", { op: "create", path: "/a", flags: "ephemeral" }, ok());
    tree.apply("b", { op: "create", path: "/b", flags: "ephemeral-sequential" }, ok({ path: "/b0000000000" }));
    expect(paths(tree.apply("a", { op: "expire" }, { is: "none" }))).toEqual(["-/a"]);
    expect(paths(tree.apply("b", { op: "drop" }, { is: "closed" }))).toEqual([]);
  });
});

describe("severity and rules", () => {
  test.each([
    ["critical", valueDifference("err", "OK", "NONODE")],
    ["critical", valueDifference("data", "a", "b")],
    ["critical", { is: "layout", at: "body", candidate: "16 bytes", oracle: "20 bytes" }],
    ["critical", { is: "absent", at: "event", on: "candidate", other: "deleted /n" }],
    ["major", valueDifference("err", "NONODE", "NOAUTH")],
    ["major", valueDifference("stat.cversion", "1", "2")],
    ["minor", valueDifference("stat.mtime", "1", "2")],
    ["minor", valueDifference("zxid", "1", "2")],
  ] as const)("%s: %o", (severity, difference) => {
    expect(severityOf([difference])).toBe(severity);
  });

  test.each([
    ["create2", "stat.pzxid", "pzxid is the zxid"],
    ["multi", "results.2.stat.version", "all or nothing"],
    ["getData", "stat.version", "version starts at 0"],
    ["delete", "err", "A delete checks"],
    ["getChildren", "event.type", "fires once"],
    ["connect", "connect.timeOut", "session"],
    ["connect", "connect.passwd", "password is its own"],
    ["ping", "xid", "the xid of its request"],
  ])("%s %s", (operation, field, words) => {
    expect(ruleFor(operation, field)?.sentence).toContain(words);
  });

  test("every rule is a sentence with a source", () => {
    for (const rule of rules) {
      expect(rule.sentence).toMatch(/^[A-Za-z].*\.$/);
      expect(rule.source.length).toBeGreaterThan(5);
    }
  });
});

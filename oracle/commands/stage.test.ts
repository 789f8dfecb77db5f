import { expect, test } from "vitest";
import { AgreeableDoor } from "../../scenarios/agreeable-door.fixture.ts";
import type { Scenario } from "../../scenarios/format.ts";
import type { Backend, Downstream, Hello } from "../../src/backend.ts";
import { opcodes } from "../../src/protocol/opcodes.ts";
import type { JournalLine } from "../journal.ts";
import type { Contender, Duel } from "./servers.ts";
import { openChecks } from "./stage.ts";

const contender = (backend: Partial<Backend>) =>
  ({ backend, description: { name: "agreeable", address: "", version: "3.9.0" } }) as unknown as Contender;

/** A side that agrees to everything. */
function agreeable(): Contender {
  const door = new AgreeableDoor();
  return contender({
    status: () => ({ serving: true }) as ReturnType<Backend["status"]>,
    open: (hello, downstream) => door.open({ case: "c", session: "s" }, hello, downstream),
    close: async () => undefined,
  });
}

/** The same until it is sent a ping, which is the end of it; `comeBack` starts it again. */
function mortal() {
  const door = new AgreeableDoor();
  let isDead = false;
  const status = () => ({ serving: !isDead }) as ReturnType<Backend["status"]>;
  const open = async (hello: Hello, downstream: Downstream) => {
    if (isDead) return { is: "closed", reason: "dead" } as const;
    const opened = await door.open({ case: "c", session: "s" }, hello, downstream);
    if (opened.is !== "granted") return opened;
    const submit = (frame: Buffer) => {
      isDead ||= frame.readInt32BE(4) === opcodes.ping.code;
      if (isDead) downstream.end();
      else opened.session.submit(frame);
    };
    return { ...opened, session: { ...opened.session, submit } };
  };
  const comeBack = () => {
    isDead = false;
  };
  return { oracle: contender({ status, open, close: async () => undefined }), comeBack };
}

const scenario: Scenario = { ...{ why: "w", source: "s", sessions: ["a"] }, steps: [{ by: "a", op: "ping" }] };

test("the run's cases count for coverage, the trials of a shrink do not", async () => {
  const duel: Duel = { candidate: agreeable(), oracle: agreeable(), chroot: "", stop: async () => undefined };
  const { arena, lab, cells, close } = openChecks(
    { candidate: "auto", oracle: "auto", answerFrom: "oracle", settleMs: 50, cleanup: false },
    { duel, known: [], lie: (backend) => backend, journal: () => undefined },
  );
  await lab.run(scenario, "trial-1");
  expect(cells.cells).toBe(0);
  await arena.run(scenario, "seq-1");
  expect(cells.cells).toBe(4);
  expect(arena.cells).toBe(cells);
  await close();
});

test.each([
  ["comes back in time is waited for", { backInMs: 300, isHasty: false }, ["lost", "back"], undefined],
  ["stays away is given up", { backInMs: 60_000, isHasty: false }, ["lost"], /did not come back within 1 s/],
  ["is away is not waited for when somebody wants to leave", { backInMs: 300, isHasty: true }, ["lost"], undefined],
] as const)("an oracle that died with the last sequence and %s", async (_what, { backInMs, isHasty }, states, lost) => {
  const { oracle, comeBack } = mortal();
  const duel: Duel = { candidate: agreeable(), oracle, chroot: "", stop: async () => undefined };
  const lines: JournalLine[] = [];
  const { arena, tellComebacks, oracleLost, close } = openChecks(
    { candidate: "auto", oracle: "auto", answerFrom: "oracle", settleMs: 50, comebackMs: 1_000, cleanup: false },
    { duel, known: [], lie: (backend) => backend, journal: (line) => lines.push(line) },
  );
  await arena.run(scenario, "seq-1");
  const timer = setTimeout(comeBack, backInMs);
  await tellComebacks({ isHasty });
  clearTimeout(timer);
  expect(lines.flatMap((line) => (line.event === "side" ? [line.state] : []))).toEqual(states);
  if (lost === undefined) expect(oracleLost()).toBeUndefined();
  else expect(oracleLost()).toMatch(lost);
  await close();
});

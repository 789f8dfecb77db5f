/** Expiry by an injected clock. Source of the rule: zookeeper-semantics section 10 (ExpiryQueue). */
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { SessionTracker } from "./session-tracker.ts";

let nowMs = 0;
let expired: { session: number; atMs: number }[] = [];
let tracker: SessionTracker | undefined;

function start(tickMs = 2_000, fromMs = 100_000): SessionTracker {
  nowMs = fromMs;
  expired = [];
  tracker = new SessionTracker({
    tickMs,
    now: () => nowMs,
    expire: (session) => expired.push({ session: Number(session), atMs: nowMs }),
  });
  return tracker;
}

/** Time passes with a look every 50 ms. */
function pass(one: SessionTracker, ms: number): void {
  for (const endMs = nowMs + ms; nowMs < endMs; ) {
    nowMs += 50;
    one.check();
  }
}

afterEach(() => tracker?.close());

test("a silent session ends at the first tick behind its timeout", () => {
  const one = start();
  pass(one, 700);
  one.track(1, 4_000);
  pass(one, 10_000);
  expect(expired).toEqual([{ session: 1, atMs: 106_000 }]);
});

test("ends between its timeout and a tick later, whatever tick, timeout and start", () => {
  const ms = fc.integer({ min: 1, max: 200 }).map((n) => n * 50);
  fc.assert(
    fc.property(ms, ms, ms, (tickMs, timeoutMs, fromMs) => {
      const one = start(tickMs, fromMs);
      one.track(1, timeoutMs);
      const heardMs = nowMs;
      pass(one, timeoutMs + tickMs + 50);
      one.close();
      const dueMs = (Math.floor((heardMs + timeoutMs) / tickMs) + 1) * tickMs;
      return expired.length === 1 && (expired[0]?.atMs ?? 0) >= dueMs && (expired[0]?.atMs ?? 0) < dueMs + 50;
    }),
  );
});

test("a session that is heard lives on, and ends a timeout after it falls silent", () => {
  const one = start();
  one.track(1, 4_000);
  for (let i = 0; i < 20; i++) {
    pass(one, 1_500);
    one.touch(1);
  }
  expect(expired).toEqual([]);
  pass(one, 6_050);
  expect(expired).toHaveLength(1);
});

test("a session resumed with a shorter timeout ends by that one, with a longer one by that", () => {
  const one = start();
  one.track(1, 40_000);
  one.track(1, 4_000);
  one.track(2, 4_000);
  one.track(2, 40_000);
  pass(one, 8_000);
  expect(expired).toEqual([{ session: 1, atMs: 106_000 }]);
  pass(one, 40_000);
  expect(expired.map(({ session }) => session)).toEqual([1, 2]);
});

test("a forgotten session does not end, and is not resurrected by a late request", () => {
  const one = start();
  one.track(1, 4_000);
  one.forget(1);
  one.touch(1);
  expect(one.count).toBe(0);
  pass(one, 20_000);
  expect(expired).toEqual([]);
});

test("nothing ends while paused; afterwards every clock starts anew", () => {
  const one = start();
  one.track(1, 4_000);
  one.pause();
  pass(one, 60_000);
  expect(expired).toEqual([]);
  one.resume();
  pass(one, 4_000);
  expect(expired).toEqual([]);
  pass(one, 2_050);
  expect(expired).toHaveLength(1);
});

test("a stopped process hears its clients before it judges them", () => {
  const one = start();
  one.track(1, 4_000);
  one.track(2, 4_000);
  nowMs += 60_000;
  one.check();
  expect(expired).toEqual([]);
  one.touch(1);
  nowMs += 50;
  one.check();
  expect(expired.map(({ session }) => session)).toEqual([2]);
});

test("a thousand sessions tracked, touched and forgotten leave nothing behind", () => {
  const one = start();
  for (let round = 0; round < 10; round++) {
    for (let session = 0; session < 1_000; session++) one.track(session, 4_000);
    for (let session = 0; session < 1_000; session++) one.forget(session);
    pass(one, 8_000);
  }
  expect(one.count).toBe(0);
  expect(one.waitingCount).toBe(0);
});

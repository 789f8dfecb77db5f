import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { setWakingTimeout } from "./waking-timeout.ts";

/** Nothing runs for a while. */
const stand = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test("a waking timeout ends by itself, and not because nothing ran", async () => {
  let isDone = false;
  setWakingTimeout(() => {
    isDone = true;
  }, 80);
  stand(150);
  await sleep(0);
  await turn();
  expect(isDone).toBe(false);
  await sleep(150);
  expect(isDone).toBe(true);
});

test("a waking timeout that is given up does nothing", async () => {
  let isDone = false;
  const giveUp = setWakingTimeout(() => {
    isDone = true;
  }, 20);
  await sleep(12);
  giveUp();
  await sleep(40);
  expect(isDone).toBe(false);
});

import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { standStill } from "./standing-still.fixture.ts";
import { setWakingTimeout } from "./waking-timeout.ts";

test("a waking timeout ends by itself, and not because nothing ran", async () => {
  let isDone = false;
  setWakingTimeout(() => {
    isDone = true;
  }, 80);
  await standStill(150);
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

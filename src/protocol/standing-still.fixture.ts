/** A process that does not get to run. */
import { setTimeout as sleep } from "node:timers/promises";

/** Nothing runs for a while, and then timers before anything that has come meanwhile. */
export async function standStill(ms: number): Promise<void> {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  await sleep(0);
}

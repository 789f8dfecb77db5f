/** How long a slice is at most, ms. */
const sliceMaxMs = 200;

/** Like setTimeout, for waiting on others: time in which this process did not run (stopped, its machine asleep or busy elsewhere) counts for one slice
 *  at most, because what came meanwhile is still to be read. Answers how to give it up. */
export function setWakingTimeout(done: () => void, waitMs: number): () => void {
  const sliceMs = Math.min(sliceMaxMs, waitMs / 4);
  let leftMs = waitMs;
  let timer: NodeJS.Timeout;
  const wait = () => {
    const ms = Math.min(leftMs, sliceMs);
    leftMs -= ms;
    timer = setTimeout(leftMs > 0 ? wait : done, ms);
  };
  wait();
  return () => clearTimeout(timer);
}

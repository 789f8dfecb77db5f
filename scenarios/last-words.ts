/** How long cases under way may still take when a run has found enough or is interrupted, ms: those that wait for a server which is stuck would hold up the
 *  end. */
const lastWordsMs = 2_000;

/** Aborted so long after `over`. */
export function lastWords(over: AbortSignal): AbortSignal {
  const spoken = new AbortController();
  const begin = () => void setTimeout(() => spoken.abort(), lastWordsMs).unref();
  if (over.aborted) begin();
  else over.addEventListener("abort", begin, { once: true });
  return spoken.signal;
}

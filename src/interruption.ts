/** Ctrl-C for programs that have something to tell or to tidy up before they end. */

/** How a program ends that was interrupted, as shells have it for SIGINT. */
export const interruptedExitCode = 130;

/** Aborted by the first SIGINT or SIGTERM, of which `asked` hears before; the second one ends the process at once. */
export function interruption(asked: () => void = () => undefined): AbortSignal {
  const stop = new AbortController();
  const interrupted = () => {
    if (stop.signal.aborted) process.exit(interruptedExitCode);
    asked();
    stop.abort();
  };
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  return stop.signal;
}

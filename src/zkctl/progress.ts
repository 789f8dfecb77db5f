/** How far a long command has come, on stderr: one line that changes on a terminal, a line now and then elsewhere. */

/** Where progress is shown; `isTty` as streams have it. */
export interface ProgressOutput {
  readonly isTty: boolean;
  write(text: string): void;
}

/** Milliseconds between two looks, on a terminal and elsewhere. */
const intervalMs = { tty: 200, lines: 2_000 } as const;

/** Shows what `tell` says until the answer is called, which wipes the changing line. */
export function showProgress(tell: () => string, { isTty, write }: ProgressOutput): () => void {
  const show = (): void => write(isTty ? `\r${tell()}\x1b[K` : `zkctl: ${tell()}\n`);
  const timer = setInterval(show, isTty ? intervalMs.tty : intervalMs.lines);
  return () => {
    clearInterval(timer);
    if (isTty) write("\r\x1b[K");
  };
}

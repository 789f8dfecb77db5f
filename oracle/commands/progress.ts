/** What a run shows while it runs: one line that is rewritten on a terminal, a plain line every few seconds elsewhere. On stderr, so that
 *  stdout holds results alone. */

/** How often a line is shown, ms. */
const paceMs = { terminal: 100, plain: 5_000 } as const;

/** A progress line. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  #shownAt: number;
  #isOpen = false;

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
    // The first plain line can wait: short runs need none.
    this.#shownAt = out.isTTY ? 0 : performance.now();
  }

  /** Shows the text unless the last one was shown a moment ago. */
  show(text: () => string): void {
    const now = performance.now();
    if (now - this.#shownAt < (this.#out.isTTY ? paceMs.terminal : paceMs.plain)) return;
    this.#shownAt = now;
    if (!this.#out.isTTY) return void this.#out.write(`${text()}\n`);
    this.#isOpen = true;
    this.#out.write(`\r\x1b[2K${text().slice(0, (this.#out.columns ?? 80) - 1)}`);
  }

  /** A line that stays. */
  say(line: string): void {
    this.done();
    this.#out.write(`${line}\n`);
  }

  /** Takes the rewritten line away. */
  done(): void {
    if (this.#isOpen) this.#out.write("\r\x1b[2K");
    this.#isOpen = false;
  }
}

/** A share as a bar of 20 characters. */
export function bar(share: number): string {
  const full = Math.round(Math.min(Math.max(share, 0), 1) * 20);
  return `[${"#".repeat(full)}${".".repeat(20 - full)}]`;
}

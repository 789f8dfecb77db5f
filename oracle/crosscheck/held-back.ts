/** What one connection has not sent to the candidate yet: writes whose convoy has not let them go, and whatever came behind them. */
import type { Exchange } from "./lane.ts";

export class HeldBack {
  readonly #line: { readonly exchange: Exchange; isFree: boolean }[] = [];

  get isEmpty(): boolean {
    return this.#line.length === 0;
  }

  has(exchange: Exchange): boolean {
    return this.#line.some((one) => one.exchange === exchange);
  }

  /** Puts a request in line; it is free when it waits only for those before it. */
  push(exchange: Exchange, isFree: boolean): void {
    this.#line.push({ exchange, isFree });
  }

  /** The convoy of a request lets it go. Answers what can be sent now, in order. */
  free(exchange: Exchange): Exchange[] {
    for (const one of this.#line) if (one.exchange === exchange) one.isFree = true;
    const end = this.#line.findIndex(({ isFree }) => !isFree);
    return this.#line.splice(0, end < 0 ? this.#line.length : end).map((one) => one.exchange);
  }
}

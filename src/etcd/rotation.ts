/** Whose turn it is to commit where several proxies write. Every transaction is prepared on the one before, so of two that fly at the same time one is
 *  for nothing. Nobody has to be asked: all see the same batches in the same order, and go round in the order of their names. It is a courtesy and no
 *  lock: who does not come in time is passed over, and who goes out of turn makes somebody prepare again at worst. */

/** How many of our transactions somebody may take who is waited for; and at least so long, ms. */
const patience = { transactions: 3, leastMs: 2, mostMs: 50 };

/** How much the newest transaction counts for how long one takes. */
const newestShare = 0.2;

/** A round goes from one batch of ours to the next. `rounds`: in how many on end it has committed; `isOfRound`: in the present one, too. `isPassedOver`: in
 *  the present one nobody waits for it any more. */
interface Rival {
  rounds: number;
  isOfRound: boolean;
  isPassedOver: boolean;
}

export class Rotation {
  readonly #own: string;
  /** Whoever has committed in the present round, or in the one before. */
  readonly #rivals = new Map<string, Rival>();
  /** Who committed the newest batch. */
  #last: string;
  #transactionMs = 1;
  #wake: (() => void) | undefined;

  /** `own`: our name, which nobody else has. */
  constructor(own: string) {
    this.#own = own;
    this.#last = own;
  }

  /** A batch of ours was committed and applied. */
  own(): void {
    this.#last = this.#own;
    for (const [name, rival] of this.#rivals)
      if (rival.isOfRound) Object.assign(rival, { isOfRound: false, isPassedOver: false });
      else this.#rivals.delete(name);
  }

  /** A batch of another proxy was applied. */
  other(name: string): void {
    this.#last = name;
    const { rounds, isOfRound } = this.#rivals.get(name) ?? { rounds: 0, isOfRound: false };
    this.#rivals.set(name, { rounds: isOfRound ? rounds : rounds + 1, isOfRound: true, isPassedOver: false });
    this.#wake?.();
  }

  /** How long a transaction of ours has just taken, ms. */
  took(ms: number): void {
    this.#transactionMs += (ms - this.#transactionMs) * newestShare;
  }

  /** Who goes before us and is worth waiting for: whoever has committed in each of the last two rounds. */
  get next(): string | undefined {
    const busy = [...this.#rivals].flatMap(([name, rival]) => (rival.rounds > 1 && !rival.isPassedOver ? [name] : []));
    // Round the circle from the one behind the last to us.
    const place = (name: string): string => `${name > this.#last ? 0 : 1}${name}`;
    const ahead = busy.filter((name) => name !== this.#last && place(name) < place(this.#own));
    return ahead.sort((a, b) => (place(a) < place(b) ? -1 : 1))[0];
  }

  /** Resolves when anybody has committed, or nobody in time. Unless it is the one that was waited for, that one is passed over in this round: somebody
   *  else who goes on and on must not keep us waiting for it. */
  async giveWayTo(name: string): Promise<void> {
    await this.#moves();
    const rival = this.#rivals.get(name);
    if (this.#last !== name && rival !== undefined) rival.isPassedOver = true;
  }

  /** Somebody commits, or our patience ends. */
  #moves(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ms = Math.max(patience.leastMs, Math.min(this.#transactionMs * patience.transactions, patience.mostMs));
    const timer = setTimeout(resolve, ms);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }
}

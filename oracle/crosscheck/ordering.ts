/** Which requests may be under way together. Two that could notice each other go to both servers one behind the other, so that both servers see
 *  them in the same order; everything else overlaps. Waiting is only ever for something that came earlier, so nothing can deadlock. */

/** How a request uses a resource. `add` is compatible with itself: many may change a tree at once, but not while somebody counts it. `settle` keeps
 *  even the same connection's later requests back until the answer is there: for what a server itself races over in a pipeline. */
export type Mode = "read" | "add" | "write" | "settle";

/** Resources by name, and how each is used. */
export type Needs = ReadonlyMap<string, Mode>;

const conflicting: Readonly<Record<Mode, readonly Mode[]>> = {
  read: ["add", "write", "settle"],
  add: ["read", "write", "settle"],
  write: ["read", "add", "write", "settle"],
  settle: ["read", "add", "write", "settle"],
};

/** A request in line. Requests of one owner never wait for each other's answers, only for their turn to be sent: a server answers a
 *  connection in order. */
export interface Ticket {
  readonly owner: object;
  readonly needs: Needs;
  /** Its own connection's later requests wait for its answer too where they conflict, as other connections' do. */
  readonly isSlowToShow?: boolean;
  /** Called once, when the request may be sent. */
  start(): void;
}

interface Entry {
  readonly ticket: Ticket;
  waitsFor: number;
  hasStarted: boolean;
  hasLeft: boolean;
  /** Entries that wait until this one is answered, and those that wait until it is sent. */
  readonly blocks: Entry[];
  readonly next: Entry[];
}

/** Hands out turns. */
export class Ordering {
  readonly #resources = new Map<string, Record<Mode, Set<Entry>>>();
  readonly #entries = new Map<Ticket, Entry>();
  readonly #newest = new Map<object, Entry>();
  readonly #ready: Entry[] = [];
  #isStarting = false;

  /** Requests in line or under way. */
  get size(): number {
    return this.#entries.size;
  }

  /** Puts a request in line; it starts at once if nothing earlier stands against it. */
  enter(ticket: Ticket): void {
    const entry: Entry = { ticket, waitsFor: 0, hasStarted: false, hasLeft: false, blocks: [], next: [] };
    for (const earlier of this.#against(ticket)) {
      earlier.blocks.push(entry);
      entry.waitsFor++;
    }
    const before = this.#newest.get(ticket.owner);
    if (before !== undefined && !before.hasStarted) {
      before.next.push(entry);
      entry.waitsFor++;
    }
    this.#entries.set(ticket, entry);
    this.#newest.set(ticket.owner, entry);
    for (const [name, mode] of ticket.needs) this.#resource(name)[mode].add(entry);
    if (entry.waitsFor === 0) this.#start([entry]);
  }

  /** The request has been answered by both sides, or given up. Idempotent. */
  leave(ticket: Ticket): void {
    const entry = this.#entries.get(ticket);
    if (entry === undefined) return;
    this.#entries.delete(ticket);
    entry.hasLeft = true;
    if (this.#newest.get(ticket.owner) === entry) this.#newest.delete(ticket.owner);
    for (const [name, mode] of ticket.needs) {
      const resource = this.#resource(name);
      resource[mode].delete(entry);
      if (Object.values(resource).every((entries) => entries.size === 0)) this.#resources.delete(name);
    }
    const freed = entry.blocks.splice(0);
    if (!entry.hasStarted) freed.push(...entry.next.splice(0));
    this.#start(freed.filter((waiting) => --waiting.waitsFor === 0));
  }

  #resource(name: string): Record<Mode, Set<Entry>> {
    let resource = this.#resources.get(name);
    if (resource === undefined) {
      resource = { read: new Set(), add: new Set(), write: new Set(), settle: new Set() };
      this.#resources.set(name, resource);
    }
    return resource;
  }

  #against({ owner, needs }: Ticket): Set<Entry> {
    const out = new Set<Entry>();
    for (const [name, mode] of needs) {
      const resource = this.#resources.get(name);
      if (resource === undefined) continue;
      for (const other of conflicting[mode])
        for (const entry of resource[other])
          if (entry.ticket.owner !== owner || entry.ticket.isSlowToShow === true) out.add(entry);
    }
    return out;
  }

  /** A loop instead of recursion: a long pipeline starts like a row of dominoes. */
  #start(entries: readonly Entry[]): void {
    this.#ready.push(...entries);
    if (this.#isStarting) return;
    this.#isStarting = true;
    for (let entry = this.#ready.shift(); entry !== undefined; entry = this.#ready.shift()) {
      if (entry.hasLeft || entry.hasStarted) continue;
      entry.hasStarted = true;
      entry.ticket.start();
      for (const waiting of entry.next.splice(0)) if (--waiting.waitsFor === 0) this.#ready.push(waiting);
    }
    this.#isStarting = false;
  }
}

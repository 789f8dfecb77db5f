/** Which requests may be under way together. Two that could notice each other go to both servers one behind the other, so that both servers see
 *  them in the same order; everything else overlaps. Waiting is only ever for something that came earlier, so nothing can deadlock.
 *  Writes that would wait for each other may go in convoy (convoy.ts): the oracle decides their order, and the candidate is given them in that order. */
import { Convoy } from "./convoy.ts";

/** How a request uses a resource. `add` is compatible with itself: many may change a tree at once, but not while somebody counts it. */
export type Mode = "read" | "add" | "write";

/** Resources by name, and how each is used. */
export type Needs = ReadonlyMap<string, Mode>;

const conflicting: Readonly<Record<Mode, readonly Mode[]>> = {
  read: ["add", "write"],
  add: ["read", "write"],
  write: ["read", "add", "write"],
};

/** A request in line. Requests of one owner never wait for each other's answers, only for their turn to be sent: a server answers a
 *  connection in order. */
export interface Ticket {
  readonly owner: object;
  readonly needs: Needs;
  /** Where its own connection's later requests wait for its answer too if they conflict, as other connections' do. */
  readonly slow?: ReadonlySet<string>;
  /** It waits for the answers to its own connection's earlier requests where it conflicts with them. */
  readonly isAhead?: boolean;
  /** A write whose answer's zxid tells its place among others. */
  readonly mayConvoy?: boolean;
  /** Called once, when the request may be sent; with a convoy, to the oracle alone. */
  start(convoy: Convoy | undefined): void;
}

/** Waiting writes that will start together. None of them waits for what came after the first one, other members apart: so nothing that the cohort
 *  waits for can wait for the cohort. */
interface Cohort {
  /** The number of the first one. */
  readonly opened: number;
  readonly members: Entry[];
  waitsFor: number;
}

/** Members, at most: with each that joins there may be more to wait for. */
const cohortMax = 100;

interface Entry {
  readonly ticket: Ticket;
  /** Place in the order of entering. */
  readonly number: number;
  waitsFor: number;
  hasStarted: boolean;
  hasLeft: boolean;
  cohort: Cohort | undefined;
  convoy: Convoy | undefined;
  /** The number of the newest entry that was held against it. */
  metBy: number;
  /** Entries that wait until this one is answered, and those that wait until it is sent. */
  readonly blocks: Entry[];
  readonly next: Entry[];
}

/** Who uses a resource, by mode, in no order. Most have one user at a time. */
type Resource = Record<Mode, Entry[] | undefined>;

/** Hands out turns. */
export class Ordering {
  readonly #resources = new Map<string, Resource>();
  readonly #entries = new Map<Ticket, Entry>();
  readonly #newest = new Map<object, Entry>();
  /** By owner, what has started in convoy or may do so: the candidate may get it any time later, so its owner's next convoy waits for it. */
  readonly #convoyed = new Map<object, Set<Entry>>();
  readonly #ready: Entry[] = [];
  #entered = 0;
  #isStarting = false;

  /** Requests in line or under way. */
  get size(): number {
    return this.#entries.size;
  }

  /** Puts a request in line; it starts at once if nothing earlier stands against it. */
  enter(ticket: Ticket): void {
    const entry: Entry = {
      ticket,
      number: ++this.#entered,
      waitsFor: 0,
      hasStarted: false,
      hasLeft: false,
      cohort: undefined,
      convoy: undefined,
      metBy: 0,
      blocks: [],
      next: [],
    };
    const against = this.#use(entry);
    if (ticket.mayConvoy === true) for (const own of this.#convoyed.get(ticket.owner) ?? []) meet(against, own, entry);
    const newest = this.#newest.get(ticket.owner);
    const before = newest?.hasStarted === false ? newest : undefined;
    const cohort = ticket.mayConvoy === true && against.length > 0 ? cohortFor(entry, against, before) : undefined;
    for (const earlier of against) {
      if (cohort !== undefined && earlier.cohort === cohort && !earlier.hasStarted) continue;
      earlier.blocks.push(entry);
      entry.waitsFor++;
    }
    if (before !== undefined && (cohort === undefined || before.cohort !== cohort)) {
      before.next.push(entry);
      entry.waitsFor++;
    }
    if (cohort !== undefined) {
      entry.cohort = cohort;
      cohort.members.push(entry);
      cohort.waitsFor += entry.waitsFor;
      this.#noteConvoyed(entry);
    }
    this.#entries.set(ticket, entry);
    this.#newest.set(ticket.owner, entry);
    if (cohort === undefined && entry.waitsFor === 0) this.#start([entry]);
  }

  /** The request has been answered by both sides, or given up. Idempotent. */
  leave(ticket: Ticket): void {
    const entry = this.#entries.get(ticket);
    if (entry === undefined) return;
    this.#entries.delete(ticket);
    entry.hasLeft = true;
    if (this.#newest.get(ticket.owner) === entry) this.#newest.delete(ticket.owner);
    this.#forgetConvoyed(entry);
    this.#release(entry);
    const freed = entry.hasStarted ? entry.blocks : [...entry.blocks, ...entry.next];
    if (freed.length > 0) this.#start(freed.flatMap(released));
  }

  /** Notes what a request uses; answers what stands against it. */
  #use(entry: Entry): Entry[] {
    const against: Entry[] = [];
    for (const [name, mode] of entry.ticket.needs) {
      let resource = this.#resources.get(name);
      if (resource === undefined) {
        resource = { read: undefined, add: undefined, write: undefined };
        this.#resources.set(name, resource);
      } else for (const other of conflicting[mode]) addConflicts(against, resource[other], entry, name);
      const same = resource[mode];
      if (same === undefined) resource[mode] = [entry];
      else same.push(entry);
    }
    return against;
  }

  #release(entry: Entry): void {
    for (const [name, mode] of entry.ticket.needs) {
      const resource = this.#resources.get(name);
      const users = resource?.[mode];
      const newest = users?.pop();
      if (users !== undefined && newest !== undefined && newest !== entry) users[users.indexOf(entry)] = newest;
      if (resource !== undefined && isFree(resource)) this.#resources.delete(name);
    }
  }

  #noteConvoyed(entry: Entry): void {
    const { owner } = entry.ticket;
    const convoyed = this.#convoyed.get(owner);
    if (convoyed === undefined) this.#convoyed.set(owner, new Set([entry]));
    else convoyed.add(entry);
  }

  #forgetConvoyed(entry: Entry): void {
    const { owner } = entry.ticket;
    const convoyed = this.#convoyed.get(owner);
    if (convoyed?.delete(entry) && convoyed.size === 0) this.#convoyed.delete(owner);
  }

  /** A loop instead of recursion: a long pipeline starts like a row of dominoes. */
  #start(entries: readonly Entry[]): void {
    this.#ready.push(...entries);
    if (this.#isStarting) return;
    this.#isStarting = true;
    for (let entry = this.#ready.shift(); entry !== undefined; entry = this.#ready.shift()) {
      if (entry.hasLeft || entry.hasStarted) continue;
      entry.hasStarted = true;
      if (entry.convoy === undefined) this.#forgetConvoyed(entry);
      entry.ticket.start(entry.convoy);
      for (const waiting of entry.next.splice(0)) this.#ready.push(...released(waiting));
    }
    this.#isStarting = false;
  }
}

/** A request waits for other connections' requests, and for its own connection's only where they are slow to show or it would overtake them. */
function addConflicts(against: Entry[], users: Entry[] | undefined, entry: Entry, name: string): void {
  if (users === undefined) return;
  const { owner, isAhead } = entry.ticket;
  for (const user of users)
    if (user.ticket.owner !== owner || user.ticket.slow?.has(name) === true || isAhead === true)
      meet(against, user, entry);
}

/** Once, however many resources they share. */
function meet(against: Entry[], user: Entry, entry: Entry): void {
  if (user.metBy === entry.number) return;
  user.metBy = entry.number;
  against.push(user);
}

const isFree = ({ read, add, write }: Resource): boolean =>
  (read?.length ?? 0) + (add?.length ?? 0) + (write?.length ?? 0) === 0;

/** The newest cohort among what a write would wait for, if it may join that; else one of its own. */
function cohortFor({ number }: Entry, against: readonly Entry[], before: Entry | undefined): Cohort {
  const waiting = [...against, ...(before === undefined ? [] : [before])].filter(({ hasStarted }) => !hasStarted);
  let newest: Cohort | undefined;
  for (const { cohort } of waiting) if (cohort !== undefined && cohort.opened > (newest?.opened ?? 0)) newest = cohort;
  const mayJoin =
    newest !== undefined &&
    newest.members.length < cohortMax &&
    waiting.every((earlier) => earlier.cohort === newest || earlier.number < (newest?.opened ?? 0));
  return newest !== undefined && mayJoin ? newest : { opened: number, members: [], waitsFor: 0 };
}

/** One thing less stands against an entry: who can start now. */
function released(entry: Entry): Entry[] {
  const { cohort } = entry;
  if (cohort === undefined) return --entry.waitsFor === 0 ? [entry] : [];
  if (--cohort.waitsFor > 0) return [];
  const members = cohort.members.filter(({ hasLeft }) => !hasLeft);
  const convoy = members.length > 1 ? new Convoy(members.length) : undefined;
  for (const member of members) member.convoy = convoy;
  return members;
}

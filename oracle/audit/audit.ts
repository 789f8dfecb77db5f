/** The walk over two trees in step: whatever one side has below a path is asked of both, many reads under way, memory bounded by the largest
 *  family of siblings. What differs is read again before it counts, because trees may be written to meanwhile. */
import { matchesGlob } from "node:path";
import { quotaRoot } from "../../src/protocol/paths.ts";
import type { Both } from "../compare/difference.ts";
import { both, sides } from "../compare/sides.ts";
import type { Audited, Reading } from "./audited.ts";
import { type Mismatch, mismatchesOf } from "./fields.ts";
import type { AuditResult, Findings } from "./findings.ts";
import { type Family, Frontier, type Task, type Unlisted } from "./frontier.ts";
import { Owners } from "./owners.ts";
import type { Inversion } from "./sibling-order.ts";

/** What is compared, and how. */
export interface AuditOptions {
  readonly servers: Both<Audited>;
  /** Where each side's tree begins: "" or like `/a`. Paths of the result are relative to it. */
  readonly bases: Both<string>;
  /** Where the walk begins, relative to the bases: "" or like `/app`. */
  readonly root: string;
  /** Compares the quotas of the trees too, which lie elsewhere. */
  readonly quotas: boolean;
  /** Fields that may differ. */
  readonly findings: Findings;
  /** Globs of paths that are passed over, with all below them. */
  readonly ignoredPaths: readonly string[];
  readonly inFlight: number;
  readonly stop: AbortSignal;
  readonly progress: (znodes: number, differing: number) => void;
}

/** Pauses before a znode that differs is read again, ms. */
const rereadPausesMs = [20, 200, 1_000] as const;

/** Compares two trees. Throws `ServerFailed` when a server is gone for good. */
export async function audit(options: AuditOptions): Promise<AuditResult> {
  const started = performance.now();
  const { findings } = options;
  const owners = new Owners();
  const walk = new Walk(options, owners, false);
  await walk.run(options.root);
  let quotas: Walk | undefined;
  if (options.quotas) {
    const bases = both((side) => quotaRoot + options.bases[side] + options.root);
    quotas = new Walk({ ...options, bases }, owners, true);
    await quotas.run("");
  }
  const znodes = walk.znodes + (quotas?.znodes ?? 0);
  const { differences, differingZnodes, changed, unreadable } = findings;
  const reasons = [
    ...(options.stop.aborted ? ["The audit was interrupted."] : []),
    ...(walk.znodes === 0 && differences.length === 0 ? ["Neither side has the root, or shows it."] : []),
    ...(changed.count > 0 ? [`${changed.count} znodes changed during audit and could not be compared.`] : []),
    ...(unreadable.count > 0 ? [`${unreadable.count} znodes are shown by neither side; --auth may help.`] : []),
  ];
  return {
    verdict: differences.length > 0 ? "differs" : reasons.length > 0 ? "undecided" : "same",
    ...{ reasons, znodes, differingZnodes, ephemerals: walk.ephemerals, sessions: owners.size, differences },
    changed: { count: changed.count, first: changed.first },
    unreadable: { count: unreadable.count, first: unreadable.first },
    durationMs: Math.round(performance.now() - started),
  };
}

/** One walk from one root. */
class Walk {
  readonly #options: AuditOptions;
  readonly #owners: Owners;
  readonly #isQuota: boolean;
  readonly #frontier = new Frontier();
  #underWay = 0;
  #wake: () => void = () => undefined;
  #failure: unknown;
  znodes = 0;
  ephemerals = 0;

  constructor(options: AuditOptions, owners: Owners, isQuota: boolean) {
    this.#options = options;
    this.#owners = owners;
    this.#isQuota = isQuota;
  }

  async run(root: string): Promise<void> {
    await this.#visit(root);
    while (!this.#options.stop.aborted && this.#failure === undefined) {
      const task = this.#underWay < this.#options.inFlight ? this.#frontier.next() : undefined;
      if (task === undefined) {
        if (this.#underWay === 0) break;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else this.#start(task);
    }
    while (this.#underWay > 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#failure !== undefined) throw this.#failure;
  }

  #start(task: Task): void {
    this.#underWay++;
    const done = task.is === "list" ? this.#list(task.unlisted) : this.#child(task.family, task.at);
    done
      .catch((cause: unknown) => {
        this.#failure ??= cause;
      })
      .finally(() => {
        this.#underWay--;
        this.#wake();
      });
  }

  #read(path: string): Promise<Both<Reading>> {
    return bothOf((side) => this.#options.servers[side].read(this.#options.bases[side] + path || "/"));
  }

  /** Compares one znode; answers what was read, unless it would not hold still. */
  async #visit(path: string): Promise<Both<Reading> | undefined> {
    let pair = await this.#read(path);
    let found = this.#compare(path, pair);
    for (const pauseMs of rereadPausesMs) {
      if (found.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const again = await this.#read(path);
      const isStill = sides.every((side) => stampOf(pair[side]) === stampOf(again[side]));
      pair = again;
      found = this.#compare(path, pair);
      if (isStill) return this.#settle(path, pair, found);
    }
    if (found.length === 0) return this.#settle(path, pair, found);
    this.#options.findings.changed.add(this.#shown(path));
    // A parent that children come to all the time hides none of them.
    this.#descend(path, pair);
    return undefined;
  }

  #compare(path: string, pair: Both<Reading>): Mismatch[] {
    const found = this.#options.findings.relevant(mismatchesOf(pair, this.#owners));
    if (!this.#isQuota && !path.startsWith(quotaRoot)) return found;
    const quota = found.map(({ field, candidate, oracle }) => ({
      ...{ field: "quota" as const, candidate: `${field} ${candidate}`, oracle: `${field} ${oracle}` },
    }));
    return this.#options.findings.relevant(quota);
  }

  #settle(path: string, pair: Both<Reading>, found: readonly Mismatch[]): Both<Reading> {
    const { findings, progress } = this.#options;
    findings.add(this.#shown(path), found);
    const { candidate, oracle } = pair;
    if (candidate.is === "refused" && oracle.is === "refused") findings.unreadable.add(this.#shown(path));
    if (candidate.is !== "znode" || oracle.is !== "znode") return pair;
    this.#descend(path, pair);
    this.znodes++;
    if (oracle.stat.ephemeralOwner !== 0) this.ephemerals++;
    progress(this.znodes, findings.differingZnodes);
    return pair;
  }

  /** What is below a znode comes next, where both sides have it. */
  #descend(path: string, { candidate, oracle }: Both<Reading>): void {
    if (candidate.is !== "znode" || oracle.is !== "znode") return;
    const size = Math.max(candidate.stat.numChildren, oracle.stat.numChildren);
    if (size > 0) this.#frontier.push({ path, size });
  }

  async #child(family: Family, at: number): Promise<void> {
    const path = `${family.path}/${family.names[at]}`;
    const pair = this.#isIgnored(path) ? undefined : await this.#visit(path);
    if (pair?.candidate.is === "znode" && pair.oracle.is === "znode")
      family.order.add(at, { candidate: pair.candidate.stat, oracle: pair.oracle.stat });
    family.left--;
    if (family.left === 0) await this.#order(family);
  }

  /** Most patterns are plain paths, and a glob is slow to match a million times. */
  #isIgnored(path: string): boolean {
    return this.#options.ignoredPaths.some(
      (glob) => glob === path || (/[*?[{!]/.test(glob) && matchesGlob(path, glob)),
    );
  }

  /** What the sides list below a path, taken together: whatever only one has is met as missing on the other. */
  async #list(unlisted: Unlisted): Promise<void> {
    const { path } = unlisted;
    const lists = await bothOf((side) => this.#options.servers[side].list(this.#options.bases[side] + path || "/"));
    const counts = both((side) => {
      const list = lists[side];
      return list === undefined ? "" : `${list.names.length} names, numChildren ${list.stat.numChildren}`;
    });
    const isHonest = sides.every((side) => lists[side]?.names.length === lists[side]?.stat.numChildren);
    if (!isHonest)
      this.#options.findings.add(
        this.#shown(path),
        this.#options.findings.relevant([{ field: "numChildren", ...counts }]),
      );
    this.#frontier.listed(unlisted, merged(lists.candidate?.names ?? [], lists.oracle?.names ?? []));
  }

  /** Tells inversions among siblings, unless one of the two has moved since. */
  async #order(family: Family): Promise<void> {
    const { findings } = this.#options;
    if (this.#isQuota || findings.isIgnored("creation-order")) return;
    for (const inversion of family.order.inversions(!findings.isIgnored("change-order"))) {
      const [first = "", second = ""] = [inversion.first, inversion.second].map((at) => family.names[at]);
      if (!(await this.#isInverted(`${family.path}/${first}`, `${family.path}/${second}`, inversion))) continue;
      const told = both(
        (side) => `${inversion[side] === "same" ? "together with" : `${inversion[side]} than`} ${first}`,
      );
      findings.add(this.#shown(`${family.path}/${second}`), [{ field: inversion.field, ...told }]);
    }
  }

  async #isInverted(first: string, second: string, { field, candidate, oracle }: Inversion): Promise<boolean> {
    const [one, other] = await Promise.all([this.#read(first), this.#read(second)]);
    const key = field === "creation-order" ? "czxid" : "mzxid";
    const now = both((side) => {
      const [a, b] = [one[side], other[side]];
      if (a.is !== "znode" || b.is !== "znode") return undefined;
      return b.stat[key] < a.stat[key] ? "earlier" : b.stat[key] === a.stat[key] ? "same" : "later";
    });
    return now.candidate === candidate && now.oracle === oracle;
  }

  #shown(path: string): string {
    return this.#isQuota ? `${quotaRoot}${this.#options.root}${path}` : path || "/";
  }
}

async function bothOf<T>(make: (side: "candidate" | "oracle") => Promise<T>): Promise<Both<T>> {
  const [candidate, oracle] = await Promise.all([make("candidate"), make("oracle")]);
  return { candidate, oracle };
}

/** Changes whenever a znode does. */
const stampOf = (reading: Reading): string =>
  reading.is === "znode"
    ? [reading.stat.czxid, reading.stat.mzxid, reading.stat.pzxid, reading.stat.aversion].join(" ")
    : reading.is;

/** The names of both lists, sorted, each once. */
function merged(candidate: readonly string[], oracle: readonly string[]): string[] {
  const names = [...candidate, ...oracle].sort();
  return names.filter((name, at) => name !== names[at - 1]);
}

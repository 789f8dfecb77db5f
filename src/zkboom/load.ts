/** What zkboom is asked to do. */
import type { HostPort } from "../addresses.ts";

/** One run: `total` requests of one kind over `connections`. */
export interface Load {
  readonly op: "create" | "get" | "set" | "mixed" | "multi";
  readonly endpoints: readonly HostPort[];
  readonly connections: number;
  readonly total: number;
  /** Requests per second over all connections; 0 for no limit. */
  readonly rate: number;
  /** Session timeout to ask for, and how long a reply may take. */
  readonly timeoutMs: number;
  /** Requests without a reply that a connection may have. */
  readonly pipeline: number;
  /** Znodes of `get`, `set` and `mixed`, in turn. */
  readonly keys: readonly string[];
  /** What paths of `create` and `multi` begin with. */
  readonly prefix: string;
  /** Length of those paths; longer where the numbers need it. */
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** CreateMode. */
  readonly flags: number;
  /** Of 100 requests of `mixed`, how many are gets; the others are sets. */
  readonly readPercent: number;
  /** Creates in each request of `multi`. */
  readonly batch: number;
}

/** How a run went. Latencies are in milliseconds, in order of completion; only successful requests have one. */
export interface Measured {
  readonly latenciesMs: Float64Array;
  /** When each was complete, in milliseconds from the start; the same order. */
  readonly completedMs: Float64Array;
  /** 1 for a set, 0 for a get; the same order. Of `mixed` only. */
  readonly isWrite?: Uint8Array;
  /** From the first request sent to the last reply. */
  readonly elapsedMs: number;
  /** Failed requests by reason: error names of ZooKeeper, or what happened to the connection. */
  readonly errors: ReadonlyMap<string, number>;
  /** `lost`: all connections were, before the end. */
  readonly ended: "done" | "lost" | "interrupted";
}

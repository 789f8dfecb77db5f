/** The seam between the server in front and whatever answers behind it. The server knows nothing more of a backend than this file; backends
 *  know nothing of sockets. Frames travel whole and without their length prefix, so a backend that only forwards needs no codec. */
import type { Int64 } from "./jute/int64.ts";
import type { ConnectRequest, ConnectResponse } from "./protocol/connect.ts";

/** Where a connection comes from: what ACL schemes `ip` and `x509` look at. `certificate` is the TLS client's subject (RFC 2253), if any. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  readonly certificate?: string;
}

/** A client's opening frame and origin. `raw` is the ConnectRequest as received. */
export interface Hello {
  readonly request: ConnectRequest;
  readonly raw: Uint8Array;
  readonly peer: Peer;
}

/** What a backend sends to one client. Calls are wire order: a reply or event never overtakes an earlier one. */
export interface Downstream {
  /** One reply or event frame. The bytes are copied before `send` returns. */
  send(frame: Uint8Array): void;
  /** Closes the connection once everything sent so far has left. Idempotent; later sends are dropped. */
  end(): void;
  /** Bytes that the client has not taken yet; a backend with much to say may look at it, nothing more. */
  readonly queuedBytes: number;
}

/** Why a connection is gone: `client` (it closed or broke), `protocol` (it sent bytes that are no frames), `shutdown` (we stop). None of them
 *  ends the session: only a closeSession request or its timeout does. */
export type CloseReason = "client" | "protocol" | "shutdown";

/** One client connection on a backend. */
export interface BackendSession {
  /** The handshake's answer as values; the server in front sends its `raw` form. */
  readonly granted: ConnectResponse;
  /** One request frame, header included, at least 8 bytes; ordered. Never throws. The bytes are the callee's to keep. */
  submit(frame: Buffer): void;
  /** The connection is gone; nothing may be sent any more. */
  close(why: CloseReason): void;
}

/** Why `open` gave no session. `refused`: answer with `response`, then close; `isLeftOpen` when a server behind did not close. `closed`: close without
 *  a word (a zxid from the future, a backend that is not serving). */
export type Opened =
  | { readonly is: "granted"; readonly session: BackendSession; readonly raw: Uint8Array }
  | { readonly is: "refused"; readonly raw: Uint8Array; readonly isLeftOpen?: true }
  | { readonly is: "closed"; readonly reason: string };

/** Figures for four-letter words and metrics. `zxid` is the last one processed. */
export interface BackendStatus {
  readonly serving: boolean;
  /** When a server elsewhere was last found not to serve, our clock, ms. Absent where that never happened, or is not known. */
  readonly awayAt?: number;
  readonly mode: "standalone" | "leader" | "follower" | "read-only";
  readonly zxid: number | bigint;
  readonly nodeCount: number;
  readonly watchCount: number;
  readonly ephemeralsCount: number;
  readonly dataBytes: number;
  readonly sessionCount: number;
  /** What `srvr` and `mntr` print as the version. */
  readonly version: string;
  /** Figures of the backend's own kind for the metrics page: counters since its start, by their Prometheus names without `_total`. */
  readonly counters: Readonly<Record<string, number>>;
}

/** A session as `dump` lists it. `expiresAtMs` is when it ends if its client stays silent (milliseconds since 1970); absent where another server
 *  keeps its clock. */
export interface SessionListing {
  readonly id: Int64;
  readonly expiresAtMs?: number;
  readonly ephemerals: readonly string[];
}

/** What lies behind the figures, for `dump`, `wchc` and `wchp`. `watches`: for each session the paths that it watches for data or existence, which
 *  are the only ones ZooKeeper lists. Empty where a backend cannot know. */
export interface BackendListing {
  readonly sessions: readonly SessionListing[];
  readonly watches: ReadonlyMap<Int64, readonly string[]>;
}

/** A ZooKeeper of some kind. */
export interface Backend {
  /** For logs and reports, never for branching. */
  readonly name: string;
  /** Opens or resumes a session for one connection. `downstream` may be used as soon as the promise has been answered. Never rejects: a lost
   *  backend answers `closed`. */
  open(hello: Hello, downstream: Downstream): Promise<Opened>;
  status(): BackendStatus;
  /** Resolves when `status().serving` is true to what has happened so far: a server elsewhere has to be asked. Absent where it always is. Never
   *  rejects. */
  readonly findOut?: () => Promise<void>;
  /** Made anew by each call, and as large as what it lists. */
  list(): BackendListing;
  /** Stops serving and lets go of everything held; sessions live on for another server to resume. */
  close(): Promise<void>;
}

/** The scenario format: sessions and steps as plain data, no expected values (the oracle supplies them), no loops.
 *  Every step may be run in any state, so every part of a scenario is a scenario: that is what lets a generator shrink one.
 *  `README.md` explains it by example; `validate.ts` checks files; `run.ts` says what happens to a step whose connection is gone. */

/** A path. Text is taken below the case's own root (`"/a"` is `/x42/a`, `""` the root itself, `"a"` `/x42a`); `ref` is the path that an earlier
 *  create answered, or a child of it; `quota` is where the quota of a path below the root is kept (`{ "quota": "/a/zookeeper_limits" }` is
 *  `/zookeeper/quota/x42/a/zookeeper_limits`); `exact` is sent as it stands (`{ "exact": "/zookeeper/config" }`); `null` is a null string. */
export type PathValue =
  | string
  | null
  | { readonly ref: string; readonly below?: string }
  | { readonly quota: string }
  | { readonly exact: string };

/** Znode content: text (UTF-8), exact bytes, or a run of one text. `null` is null data, not empty. */
export type DataValue = string | null | { readonly hex: string } | { readonly repeat: string; readonly times: number };

/** An access control list entry, `perms` as letters of `rwcda` (empty = none) or the number itself. */
export interface AclValue {
  readonly perms: string | number;
  readonly scheme: string | null;
  readonly id: string | null;
}

/** `open` is world:anyone with all permissions, `creator` auth with all, `read` world:anyone read-only; `null` a null list. */
export type AclList = "open" | "creator" | "read" | null | readonly AclValue[];

/** A version: a number, or the one that the node had in this session's last reply naming it, plus an offset: `{ "last": 0 }` is right, `{ "last": -1 }`
 *  stale, `{ "last": 1 }` ahead. A node never heard of counts as 0, and an offset never lands on the wildcard −1 (it goes on to −2).
 *  For setACL it is the ACL version. */
export type VersionValue = number | { readonly last: number };

/** Names of CreateMode. A number is sent as it is. */
export type FlagsValue =
  | "persistent"
  | "ephemeral"
  | "sequential"
  | "ephemeral-sequential"
  | "container"
  | "ttl"
  | "ttl-sequential"
  | number;

/** The operations that create a znode. `flags` defaults to what the operation is for. */
export interface CreateStep {
  readonly op: "create" | "create2" | "createContainer" | "createTTL";
  readonly path: PathValue;
  /** Default: empty. */
  readonly data?: DataValue;
  /** Default: `open`. */
  readonly acl?: AclList;
  readonly flags?: FlagsValue;
  /** Milliseconds, createTTL only. Default 60 000. */
  readonly ttl?: number;
  /** Label for the path that the reply names. */
  readonly bind?: string;
}

/** The operations that may stand inside a multi. Versions default to −1. */
export type WriteStep =
  | CreateStep
  | { readonly op: "delete" | "check"; readonly path: PathValue; readonly version?: VersionValue }
  | { readonly op: "setData"; readonly path: PathValue; readonly data?: DataValue; readonly version?: VersionValue };

/** The operations that may stand inside a multiRead. */
export interface ReadStep {
  readonly op: "getData" | "getChildren";
  readonly path: PathValue;
  readonly watch?: boolean;
}

/** A zxid the client claims to have seen: an offset to the newest that this session was told, or a number as it is. In a pipelined case only what
 *  was told in a moment of silence counts, because between requests under way two servers may rightly have another order. */
export type SeenValue = { readonly newest: number } | number;

/** Whether a session is made to expire, which takes seconds and each server its own time. */
export const expires = (steps: readonly Step[]): boolean => steps.some(({ op }) => op === "expire");

/** Whether a step waits for what servers do by themselves, in their own time. */
export const isSlow = ({ op }: Step): boolean => op === "expire" || op === "reap";

/** What one session does. */
export type Action =
  | WriteStep
  | { readonly op: "setACL"; readonly path: PathValue; readonly acl: AclList; readonly version?: VersionValue }
  | {
      readonly op: "exists" | "getData" | "getChildren" | "getChildren2";
      readonly path: PathValue;
      readonly watch?: boolean;
    }
  | {
      readonly op: "getACL" | "sync" | "getEphemerals" | "getAllChildrenNumber" | "deleteContainer";
      readonly path: PathValue;
    }
  | { readonly op: "multi"; readonly ops: readonly (WriteStep | ReadStep)[] }
  | { readonly op: "multiRead"; readonly ops: readonly (WriteStep | ReadStep)[] }
  | { readonly op: "addWatch"; readonly path: PathValue; readonly mode: "persistent" | "recursive" | number }
  | {
      readonly op: "removeWatches" | "checkWatches";
      readonly path: PathValue;
      readonly type: "children" | "data" | "any" | "persistent" | "recursive" | number;
    }
  | {
      readonly op: "setWatches" | "setWatches2";
      readonly since: SeenValue;
      readonly data?: readonly PathValue[];
      readonly exist?: readonly PathValue[];
      readonly child?: readonly PathValue[];
      readonly persistent?: readonly PathValue[];
      readonly recursive?: readonly PathValue[];
    }
  | { readonly op: "auth"; readonly scheme: string | null; readonly auth: DataValue }
  | { readonly op: "whoAmI" | "ping" }
  /** `behind`: what is sent on the same connection without waiting. A server is to refuse it or to hang up before. */
  | { readonly op: "closeSession"; readonly behind?: readonly (WriteStep | ReadStep)[] }
  | {
      readonly op: "reconfig";
      readonly joining: string | null;
      readonly leaving: string | null;
      readonly members: string | null;
      readonly configId: number;
    }
  /** A frame body byte for byte (hex, header included), for everything the other steps cannot say. `reply`: whether one is to be expected. */
  | { readonly op: "raw"; readonly hex: string; readonly reply: boolean }
  /** Cuts the connection without a closeSession; the session lives on. */
  | { readonly op: "drop" }
  | ReconnectStep
  /** Stays silent until the server has expired the session; one that was dropped stays without a connection until then, and asks for it again. */
  | { readonly op: "expire" }
  /** Lets time pass, in which each server removes of containers and TTL znodes what is due; where that would take long, none. */
  | { readonly op: "reap" };

/** What a wrong password has of the right one: all but a byte of it, one half of it, nothing; or too many bytes, or none. */
export const wrongPasswords = ["last-byte", "first-half", "second-half", "shorter", "longer", "zero", "empty"] as const;
export type WrongPassword = (typeof wrongPasswords)[number];

/** Connects again: with the session's id and password, with a wrong password, with an id that never existed, with those of the session that this one
 *  replaced, or as a new session. The connection that still stands is left to the server to close. The rest varies the handshake: what is wrong
 *  with the password (default: every byte; a new session, which needs none, then sends that one), `timeoutMs` asked for, `seen` as lastZxidSeen
 *  (default: the newest), `readOnly` false, true or not sent at all, a `protocolVersion` other than 0. */
export interface ReconnectStep {
  readonly op: "reconnect";
  readonly as?: "same" | "wrong-password" | "stranger" | "former" | "new";
  readonly wrong?: WrongPassword;
  readonly timeoutMs?: number;
  readonly seen?: SeenValue;
  readonly readOnly?: boolean | "absent";
  readonly protocolVersion?: number;
}

/** One step. `by` is a session label. */
export type Step = Action & { readonly by: string };

/** One case. `sessions` are opened before the first step; `source` names the rule (ZooKeeper class and method, guide section, issue). */
export interface Scenario {
  readonly why: string;
  readonly source: string;
  /** Which ZooKeeper versions the case speaks of, as a range of semver-like text: `>=3.9`. Absent: all. */
  readonly versions?: string;
  /** `serial`: each step is settled on both sides before the next is sent. `pipelined`: a step waits only for what it needs. Default serial. */
  readonly pace?: "serial" | "pipelined";
  /** Session timeout asked for, ms. Default 30 000. */
  readonly timeoutMs?: number;
  readonly sessions: readonly string[];
  readonly steps: readonly Step[];
}

/** What a command line of zkctl asks for. */
import type { HostPort } from "../addresses.ts";
import type { ACL } from "../protocol/records.ts";
import type { ConfigJob, ReconfigJob } from "./config.ts";
import type { CopyJob } from "./copy-verbs.ts";
import type { DeleteAllJob } from "./delete-all.ts";
import type { MultiJob } from "./multi-verbs.ts";
import type { DelQuotaJob, ListQuotaJob, SetQuotaJob } from "./quota-verbs.ts";
import type { AddWatchJob, AskingJob, RemoveWatchesJob, SessionJob, SessionName } from "./session-verbs.ts";

/** One command with everything it needs. `version` −1 matches any; `watch` waits for one change behind the answer. */
export type Job =
  | {
      readonly verb: "create";
      readonly path: string;
      readonly data: Buffer | null;
      readonly acl: ACL[];
      /** CreateMode. */
      readonly flags: number;
      /** Present for znodes with a time to live. */
      readonly ttlMs?: number;
      /** Keep the session, and with it an ephemeral znode, until interrupted. */
      readonly hold: boolean;
    }
  | { readonly verb: "delete"; readonly path: string; readonly version: number }
  | { readonly verb: "get"; readonly path: string; readonly withStat: boolean; readonly watch: boolean }
  | {
      readonly verb: "set";
      readonly path: string;
      readonly data: Buffer | null;
      readonly version: number;
      readonly withStat: boolean;
    }
  | {
      readonly verb: "ls";
      readonly path: string;
      readonly recursive: boolean;
      readonly withStat: boolean;
      readonly watch: boolean;
    }
  | {
      readonly verb: "watch";
      readonly path: string;
      readonly recursive: boolean;
      /** Events to wait for; Infinity: until interrupted. */
      readonly events: number;
    }
  | { readonly verb: "stat"; readonly path: string; readonly watch: boolean }
  | { readonly verb: "exists" | "sync"; readonly path: string }
  | { readonly verb: "getacl"; readonly path: string; readonly withStat: boolean }
  | {
      readonly verb: "setacl";
      readonly path: string;
      readonly acl: ACL[];
      readonly version: number;
      readonly recursive: boolean;
      readonly withStat: boolean;
    }
  | DeleteAllJob
  | SetQuotaJob
  | ListQuotaJob
  | DelQuotaJob
  | CopyJob
  | MultiJob
  | AskingJob
  | AddWatchJob
  | RemoveWatchesJob
  | ConfigJob
  | ReconfigJob
  | SessionJob
  | { readonly verb: "shell" };

/** A credential to show before the command: zkCli's `addauth`. */
export interface Credential {
  readonly scheme: string;
  readonly auth: Buffer;
}

/** What holds for every command. */
export interface Settings {
  /** Servers, tried in this order. */
  readonly endpoints: readonly HostPort[];
  /** Session timeout asked for. */
  readonly timeoutMs: number;
  /** For each server. */
  readonly connectWaitMs: number;
  readonly credentials: readonly Credential[];
  readonly json: boolean;
  /** Go on with this session, and leave it open. */
  readonly resume?: SessionName;
}

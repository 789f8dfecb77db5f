/** The command line of what concerns sessions, their watches and their ephemerals. */
import { InvalidArgumentError, Option } from "commander";
import type { Int64 } from "../jute/int64.ts";
import { canonicalInt64 } from "../jute/int64.ts";
import { addWatchModes } from "../protocol/opcodes.ts";
import { countFrom, pathFrom } from "./argument-values.ts";
import type { Ask, Verb } from "./verb.ts";

/** A session to go on with: its id and its password, 16 bytes. */
export interface SessionName {
  readonly id: Int64;
  readonly password: Buffer;
}

/** Opens or resumes a session and shows it, or closes a resumed one. */
export interface SessionJob {
  readonly verb: "session";
  readonly action: "open" | "close";
  readonly hold: boolean;
}

/** A question about the session or for all of a subtree. */
export type AskingJob =
  | { readonly verb: "whoami" }
  | { readonly verb: "getephemerals"; readonly path: string }
  | { readonly verb: "getallchildrennumber"; readonly path: string };

/** Watches until interrupted or for so many events. */
export interface AddWatchJob {
  readonly verb: "addwatch";
  readonly path: string;
  readonly mode: keyof typeof watchModes;
  /** Events to wait for; Infinity: until interrupted. */
  readonly events: number;
}

/** Takes back watches that this session has. */
export interface RemoveWatchesJob {
  readonly verb: "removewatches";
  readonly path: string;
  readonly kind: "children" | "data" | "any";
}

/** As zkCli calls them. */
export const watchModes = {
  PERSISTENT: addWatchModes.persistent,
  PERSISTENT_RECURSIVE: addWatchModes.recursive,
} as const;

/** Adds whoami, getephemerals, getallchildrennumber, addwatch, removewatches and session. */
export function declareSessions(verb: Verb, ask: Ask): void {
  verb("whoami", "print who the server takes this session for (3.7 or newer)").action(() => ask({ verb: "whoami" }));
  verb("getephemerals [path]", "print the session's ephemerals that begin with a path; see --resume")
    .alias("getEphemerals")
    .action((path: string | undefined) => ask({ verb: "getephemerals", path: pathFrom(path ?? "/") }));
  verb("getallchildrennumber <path>", "print how many znodes are below one")
    .alias("getAllChildrenNumber")
    .action((path: string) => ask({ verb: "getallchildrennumber", path: pathFrom(path) }));
  verb(
    "addwatch <path>",
    "print changes of a znode, and with the default mode below it, until interrupted (3.6 or newer)",
  )
    .alias("addWatch")
    .addOption(
      new Option("-m, --mode <mode>", "PERSISTENT watches a znode and its list of children")
        .choices(Object.keys(watchModes))
        .default("PERSISTENT_RECURSIVE"),
    )
    .option("-n, --count <n>", "for so many changes", countFrom, Number.POSITIVE_INFINITY)
    .action((path: string, { mode, count }) => ask({ verb: "addwatch", path: pathFrom(path), mode, events: count }));
  verb("removewatches <path>", "take back watches of this session: use it in a zkctl shell")
    .option("-c, --children", "those of its children only")
    .option("-d, --data", "those of its data only")
    .option("-a, --any", "all (default)")
    .action((path: string, { children, data, any }) => {
      const kind = any === true || children === data ? "any" : children === true ? "children" : "data";
      ask({ verb: "removewatches", path: pathFrom(path), kind });
    });
  verb("session [action]", "open a session and print its name, or with --resume go on with one; close ends it")
    .option("--hold", "keep it until interrupted; it ends --timeout after zkctl does otherwise")
    .action((action: string | undefined, { hold }) => {
      if (action !== undefined && action !== "open" && action !== "close")
        throw new InvalidArgumentError("session takes open or close");
      ask({ verb: "session", action: action ?? "open", hold: hold === true });
    });
}

/** `ID:PASSWORD` as `zkctl session` prints them: the id in hex behind 0x or in decimal, the password as 32 hex digits. */
export function sessionFrom(text: string): SessionName {
  const [, id = "", password = ""] = /^(0x[0-9a-f]{1,16}|-?\d{1,19}):([0-9a-f]{32})$/i.exec(text) ?? [];
  if (id === "") throw new InvalidArgumentError("It is ID:PASSWORD, as zkctl session prints them.");
  return { id: canonicalInt64(BigInt(id)), password: Buffer.from(password, "hex") };
}

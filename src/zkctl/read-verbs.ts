/** The command line of the commands that look and change nothing. */
import { wholeNumber } from "./argument-values.ts";
import type { Ask, Verb } from "./verb.ts";

const watchFlag = ["-w, --watch", "then wait for one change and print it"] as const;

/** Adds get, ls, stat, exists, getacl, sync and watch. */
export function declareReads(verb: Verb, ask: Ask): void {
  verb("get <path>", "print a znode's data")
    .option("-s, --stat", "and its Stat")
    .option(...watchFlag)
    .action((path: string, { stat, watch }) =>
      ask({ verb: "get", path, withStat: stat === true, watch: watch === true }),
    );
  verb("ls [path]", "list children (default of /)")
    .option("-R, --recursive", "the znode and everything below it, by path")
    .option("-s, --stat", "and the Stat")
    .option(...watchFlag)
    .action((path: string | undefined, { recursive, stat, watch }) =>
      ask({
        ...{ verb: "ls", path: path ?? "/", recursive: recursive === true },
        ...{ withStat: stat === true, watch: watch === true },
      }),
    );
  verb("watch [path]", "wait for a change of a znode or its children (default /) and print it")
    .option("-n, --count <n>", "for so many changes", wholeNumber, 1)
    .option("-f, --follow", "until interrupted")
    .option("-R, --recursive", "watch everything below too (3.6 or newer)")
    .action((path: string | undefined, { count, follow, recursive }) =>
      ask({
        ...{ verb: "watch", path: path ?? "/", recursive: recursive === true },
        events: follow === true ? Number.POSITIVE_INFINITY : count,
      }),
    );
  verb("stat <path>", "print a znode's Stat")
    .option(...watchFlag)
    .action((path: string, { watch }) => ask({ verb: "stat", path, watch: watch === true }));
  verb("exists <path>", "tell whether there is such a znode").action((path: string) => ask({ verb: "exists", path }));
  verb("getacl <path>", "print an access control list")
    .alias("getAcl")
    .option("-s, --stat", "and the Stat")
    .action((path: string, { stat }) => ask({ verb: "getacl", path, withStat: stat === true }));
  verb("sync <path>", "wait until the server has caught up").action((path: string) => ask({ verb: "sync", path }));
}

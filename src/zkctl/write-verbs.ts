/** The command line of the commands that change one znode. */
import { openAcl } from "../protocol/opcodes.ts";
import { aclFrom, createMode, dataFrom, wholeNumber } from "./argument-values.ts";
import { type Ask, type Verb, versionFlag } from "./verb.ts";

/** Adds create, set and delete, which a multi has too, and setacl. */
export function declareWrites(verb: Verb, ask: Ask): void {
  declareTransactional(verb, ask);
  verb("setacl <path> <acl>", "replace an access control list, like world:anyone:cdrwa")
    .alias("setAcl")
    .option("-v, --acl-version <n>", "only at this version of the list", wholeNumber, -1)
    .option("-R, --recursive", "of everything below it too")
    .option("-s, --stat", "print its Stat")
    .action((path: string, list: string, { aclVersion, recursive, stat }) =>
      ask({
        ...{ verb: "setacl", path, acl: aclFrom(list), version: aclVersion },
        ...{ recursive: recursive === true, withStat: stat === true },
      }),
    );
}

/** Adds create, set and delete. Versions may also stand last, as old zkClis have them. */
export function declareTransactional(verb: Verb, ask: Ask): void {
  verb("create <path> [value] [acl]", "create a znode and print its path")
    .option("-e, --ephemeral", "gone with its session, which ends --timeout after zkctl does, unless --hold is given")
    .option("-s, --sequential", "append a number that counts up")
    .option("--sequence", "the same")
    .option("-c, --container", "gone after its last child (3.5.1 or newer)")
    .option("-t, --ttl <ms>", "gone when left alone for so long (3.5.3 or newer, if allowed there)", wholeNumber)
    .option("--acl <list>", "access control list, like world:anyone:cdrwa,digest:joe:HASH:r", aclFrom, openAcl)
    .option("--hold", "keep the session until interrupted")
    .action((path: string, value: string | undefined, acl: string | undefined, flags) =>
      ask({
        ...{ verb: "create", path, data: dataFrom(value), hold: flags.hold === true },
        acl: acl === undefined ? flags.acl : aclFrom(acl),
        flags: createMode(flags),
        ...(flags.ttl === undefined ? {} : { ttlMs: flags.ttl }),
      }),
    );
  verb("delete <path> [version]", "delete a znode without children")
    .option(versionFlag, "only at this version of the data", wholeNumber, -1)
    .action((path: string, last: string | undefined, { dataVersion }) =>
      ask({ verb: "delete", path, version: last === undefined ? dataVersion : wholeNumber(last) }),
    );
  verb("set <path> <value> [version]", "set a znode's data")
    .option(versionFlag, "only at this version of the data", wholeNumber, -1)
    .option("-s, --stat", "print its Stat")
    .action((path: string, value: string, last: string | undefined, { dataVersion, stat }) =>
      ask({
        ...{ verb: "set", path, data: dataFrom(value), withStat: stat === true },
        version: last === undefined ? dataVersion : wholeNumber(last),
      }),
    );
}

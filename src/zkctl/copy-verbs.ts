/** The command line of `cp` and `mirror`. */
import { InvalidArgumentError } from "commander";
import type { HostPort } from "../addresses.ts";
import { appendCredential, endpointsFrom, pathFrom } from "./argument-values.ts";
import type { Credential } from "./job.ts";
import type { Ask, Verb } from "./verb.ts";

/** Makes `target` and what is below it a copy of `source`. */
export interface CopyJob {
  readonly verb: "copy";
  readonly source: string;
  readonly target: string;
  /** Servers of either side; where none are named, those of --endpoints. */
  readonly from?: readonly HostPort[];
  readonly to?: readonly HostPort[];
  /** Shown to the servers of `to` instead of --auth. */
  readonly toCredentials?: readonly Credential[];
  /** Delete below `target` what is not below `source`. */
  readonly deletes: boolean;
  /** Create what is missing above `target`. */
  readonly parents: boolean;
  /** Read both sides again and compare. */
  readonly verifies: boolean;
}

/** What commander makes of the flags. */
interface CopyFlags {
  readonly from?: HostPort[];
  readonly to?: HostPort[];
  readonly toAuth?: Credential[];
  readonly delete?: boolean;
  readonly parents?: boolean;
  readonly verify: boolean;
}

/** Adds cp and mirror. */
export function declareCopies(verb: Verb, ask: Ask): void {
  const declare = (name: string, about: string) =>
    verb(`${name} <source> <target>`, about)
      .option("--from <list>", "servers of the source, instead of --endpoints", endpointsFrom)
      .option("--to <list>", "servers of the target, instead of --endpoints", endpointsFrom)
      .option("--to-auth <scheme:credential>", "show this to the target instead of --auth", (text, before) =>
        appendCredential(text, (before as Credential[] | undefined) ?? []),
      )
      .option("-p, --parents", "create what is missing above the target")
      .option("--verify", "afterwards read both sides again and compare", true)
      .option("--no-verify", "do not");
  declare("cp", "make the target a copy of the source with all below it: data and ACLs, without ephemerals")
    .option("--delete", "delete below the target what is not below the source, as mirror does")
    .action((source: string, target: string, flags: CopyFlags) =>
      ask(copyJob(source, target, flags, flags.delete === true)),
    );
  declare("mirror", "cp --delete: a copy, and nothing else below the target").action(
    (source: string, target: string, flags: CopyFlags) => ask(copyJob(source, target, flags, true)),
  );
}

function copyJob(sourceText: string, targetText: string, flags: CopyFlags, deletes: boolean): CopyJob {
  const [source, target] = [pathFrom(sourceText), pathFrom(targetText)];
  if (isWithin(target, "/zookeeper")) throw new InvalidArgumentError(`${target} is ZooKeeper's own and no target`);
  if (flags.from === undefined && flags.to === undefined && (isWithin(source, target) || isWithin(target, source)))
    throw new InvalidArgumentError(`${source} and ${target} overlap; a copy lies beside its source`);
  return {
    ...{ verb: "copy", source, target, deletes },
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.to === undefined ? {} : { to: flags.to }),
    ...(flags.toAuth === undefined ? {} : { toCredentials: flags.toAuth }),
    ...{ parents: flags.parents === true, verifies: flags.verify },
  };
}

/** Whether a path is another one or lies below it. */
export const isWithin = (path: string, other: string): boolean =>
  path === other || path.startsWith(other === "/" ? "/" : `${other}/`);

/** `xchk audit`: two whole trees compared, znode by znode, without writing to either. */

import { quotaRoot } from "../../src/protocol/paths.ts";
import { audit } from "../audit/audit.ts";
import { Audited, type AuditedOptions, type Credential } from "../audit/audited.ts";
import { type AuditField, auditFields } from "../audit/fields.ts";
import { Findings } from "../audit/findings.ts";
import { auditJson, auditText } from "../audit/print.ts";
import type { Side } from "../compare/difference.ts";
import { both } from "../compare/sides.ts";
import { BadArgument, parseServer } from "../servers/endpoints.ts";
import { servingVersion } from "../servers/zookeeper.ts";
import { credentialFrom, wholeNumber } from "./flags.ts";
import { Progress } from "./progress.ts";
import { startProxy } from "./proxy.ts";
import { onInterrupt } from "./stage.ts";

/** Flags as commander hands them over: text, true, or the list of a repeated one. */
export interface AuditFlags {
  readonly candidate?: string;
  readonly oracle?: string;
  readonly to?: string;
  readonly from?: string;
  readonly root: string;
  readonly limit: string;
  readonly inFlight: string;
  readonly ignore: readonly string[];
  readonly auth: readonly string[];
  readonly changeOrder?: true;
  readonly json?: true;
}

/** Exit codes by verdict. */
const exitCodes = { same: 0, differs: 1, undecided: 2 } as const;

/** Dynamic configuration: each server has its own. */
const alwaysIgnored = "/zookeeper/config";

/** One side, reachable. */
interface Opened {
  readonly server: Audited;
  readonly base: string;
  readonly told: string;
  stop(): Promise<void>;
}

/** Prints what differs; answers the exit code. Throws `BadArgument` and `ServerFailed`. */
export async function auditCommand(raw: AuditFlags): Promise<number> {
  const root = rootFlag(raw.root);
  const { fields, paths } = ignoreFlags(raw.ignore);
  const limit = wholeNumber({ limit: raw.limit }, "limit", 1) ?? 20;
  const inFlight = wholeNumber({ inFlight: raw.inFlight }, "in-flight", 1) ?? 128;
  const credentials = raw.auth.map((text) => credentialFrom("--auth", text));
  const ignored = new Set<AuditField>([...fields, ...(raw.changeOrder === true ? [] : ["change-order" as const])]);
  const findings = new Findings(limit, ignored);
  const stop = onInterrupt();
  const opened = await openBoth(raw, credentials);
  const progress = new Progress();
  const started = performance.now();
  let peak = 0;
  try {
    const result = await audit({
      ...{ servers: both((side) => opened[side].server), bases: both((side) => opened[side].base) },
      ...{ root, findings, ignoredPaths: paths, inFlight, stop },
      quotas: !ignored.has("quota") && !meetsQuotas(root, opened),
      progress: (znodes, differing) =>
        progress.show(() => {
          peak = Math.max(peak, process.memoryUsage.rss());
          const perSecond = Math.round((znodes * 1_000) / (performance.now() - started));
          return `${znodes} znodes compared, ${perSecond} a second, ${differing} differ`;
        }),
    });
    progress.done();
    const exitCode = exitCodes[result.verdict];
    const peakMemoryMb = Math.round(Math.max(peak, process.memoryUsage.rss()) / 1_048_576);
    const facts = { servers: both((side) => opened[side].told), root: root || "/", peakMemoryMb };
    process.stdout.write(raw.json === true ? auditJson(result, exitCode, facts) : auditText(result, facts));
    return exitCode;
  } finally {
    progress.done();
    await Promise.all([opened.candidate.stop(), opened.oracle.stop()]);
  }
}

/** Whether a walk comes past the quotas by itself. */
const meetsQuotas = (root: string, { candidate, oracle }: Record<Side, Opened>): boolean =>
  candidate.base === "" && oracle.base === "" && `${quotaRoot}/`.startsWith(`${root}/`);

async function openBoth(raw: AuditFlags, credentials: readonly Credential[]): Promise<Record<Side, Opened>> {
  const oracle = await openSide("oracle", raw.oracle ?? raw.from, credentials);
  try {
    return { candidate: await openSide("candidate", raw.candidate ?? raw.to, credentials), oracle };
  } catch (cause) {
    await oracle.stop();
    throw cause;
  }
}

/** A given ZooKeeper, or a zetcd that is started in front of a given etcd. */
async function openSide(side: Side, given: string | undefined, credentials: readonly Credential[]): Promise<Opened> {
  const flag = `--${side}`;
  const parsed = parseServer(given ?? "auto", flag);
  if (parsed.is === "auto")
    throw new BadArgument(flag, given ?? "", "names no server: an audit needs two that exist, like zk://HOST:PORT");
  const proxy = parsed.is === "etcd" ? await startProxy(["--endpoints", parsed.endpoints.join(",")]) : undefined;
  const at =
    parsed.is === "zk" ? { host: parsed.host, port: parsed.port } : { host: proxy?.host ?? "", port: proxy?.port ?? 0 };
  try {
    const options: AuditedOptions = { ...at, name: flag, credentials };
    const server = await Audited.open(options);
    const told = `${(await servingVersion(at)) ?? "unknown"} at ${given}`;
    const stop = async () => {
      await server.close();
      await proxy?.stop();
    };
    return { server, base: parsed.is === "zk" ? parsed.chroot : "", told, stop };
  } catch (cause) {
    await proxy?.stop();
    throw cause;
  }
}

/** `/` becomes "". */
function rootFlag(path: string): string {
  const isPath = path === "/" || /^(\/[^/]+)+$/.test(path);
  if (!isPath) throw new BadArgument("--root", path, "is no path");
  return path === "/" ? "" : path;
}

/** Field names, and globs of paths, which begin with a slash. */
function ignoreFlags(lists: readonly string[]): { fields: AuditField[]; paths: string[] } {
  const words = lists.flatMap((list) => list.split(",")).filter((word) => word !== "");
  const fields = words
    .filter((word) => !word.startsWith("/"))
    .map((word) => {
      const field = auditFields.find((one) => one === word);
      if (field === undefined)
        throw new BadArgument("--ignore", word, `is no path and no field; fields are ${auditFields.join(", ")}`);
      return field;
    });
  return { fields, paths: [alwaysIgnored, ...words.filter((word) => word.startsWith("/"))] };
}

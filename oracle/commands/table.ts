/** `xchk table`: what each operation does to each Stat field, on one server or on two side by side. */
import { writeFile } from "node:fs/promises";
import type { Backend } from "../../src/backend.ts";
import type { BehaviourTable } from "../journal.ts";
import { BadArgument, parseServer } from "../servers/endpoints.ts";
import { printTable, type TableFormat, tableFormats } from "../table/print.ts";
import { behaviourOf, isWhole, type Probed, rowDiffers } from "../table/table.ts";
import { type RawFlags, stageFlags, textOf } from "./flags.ts";
import { type Contender, openDuel, openOracle } from "./servers.ts";
import { liar } from "./stage.ts";

/** A side of a run as the table's probes see it. */
export const probedOf = (
  side: Contender,
  chroot: string,
  lie: (backend: Backend) => Backend = (backend) => backend,
): Probed => ({ backend: lie(side.backend), description: side.description, chroot });

/** Prints the table of a server, or of candidate and oracle; answers the exit code: 1 when they differ,
 *  2 when some operation could not be tried. Throws `BadArgument` and `ServerFailed`. */
export async function tableCommand(server: string | undefined, raw: RawFlags): Promise<number> {
  const format = tableFormats.find((one) => one === (textOf(raw, "format") ?? "text"));
  if (format === undefined)
    throw new BadArgument("--format", String(raw.format), `is none of ${tableFormats.join(", ")}`);
  const to = textOf(raw, "output");
  return server === undefined ? duel(raw, format, to) : single(server, format, to);
}

async function duel(raw: RawFlags, format: TableFormat, to: string | undefined): Promise<number> {
  const flags = stageFlags(raw);
  const lie = liar(flags.mutant);
  const { candidate, oracle, chroot, stop } = await openDuel(flags);
  try {
    const table = await behaviourOf([probedOf(candidate, chroot, lie), probedOf(oracle, chroot)]);
    await say(printTable(table, format), to);
    return codeOf(table);
  } finally {
    await stop();
  }
}

async function single(server: string, format: TableFormat, to: string | undefined): Promise<number> {
  const parsed = parseServer(server);
  const side = await openOracle(parsed);
  try {
    const table = await behaviourOf([probedOf(side, parsed.is === "zk" ? parsed.chroot : "")]);
    await say(printTable(table, format), to);
    return codeOf(table);
  } finally {
    await side.stop();
  }
}

const codeOf = (table: BehaviourTable): number => (table.rows.some(rowDiffers) ? 1 : isWhole(table) ? 0 : 2);

const say = async (text: string, to: string | undefined): Promise<void> =>
  to === undefined ? void process.stdout.write(text) : writeFile(to, text);

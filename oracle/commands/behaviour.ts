/** The behaviour table of a run: made when the run is over, so that an operation that kills a server costs the run nothing. */
import { behaviourOf, isWhole } from "../table/table.ts";
import type { Stage, StageFlags } from "./stage.ts";
import { liar } from "./stage.ts";
import { probedOf } from "./table.ts";

/** A report's table may cost this much of a run, ms; on a slow server its end is missing. */
const behaviourMaxMs = 5_000;

/** Probes both sides and journals what was seen. */
export async function journalBehaviour({ duel, journal }: Stage, flags: StageFlags): Promise<void> {
  const { candidate, oracle, chroot } = duel;
  const sides = [probedOf(candidate, chroot, liar(flags.mutant)), probedOf(oracle, chroot)];
  const table = await behaviourOf(sides, behaviourMaxMs);
  if (!isWhole(table)) journal({ event: "note", text: "Not every operation of the behaviour table could be tried." });
  journal({ event: "behaviour", table });
}

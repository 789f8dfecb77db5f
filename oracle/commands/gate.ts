/** `xchk gate DIR...`: one exit code for a whole run, its shards merged. */
import { readFileSync } from "node:fs";
import { type GateResult, gate } from "../../reports/gate.ts";
import { loadKnown } from "../compare/known.ts";
import { BadArgument } from "../servers/endpoints.ts";

/** Options of the command. `known` and `baseline` are files, the latter an earlier run's summary.json; `coverageFloor` is a share, 0 … 1. */
export interface GateCommandOptions {
  readonly known?: string;
  readonly coverageFloor?: number;
  readonly minOperations?: number;
  readonly baseline?: string;
  readonly out?: { write(text: string): unknown };
  /** `YYYY-MM-DD`; the day on which entries are judged. */
  readonly today?: string;
}

/** Prints the decision and answers the exit code: 0 open, 1 a divergence or a faulty known entry, 2 undecided. Errors: `BadKnownList`,
 *  `BadArgument` for a baseline that is no summary, those of the file system. */
export async function runGate(dirs: readonly string[], options: GateCommandOptions = {}): Promise<number> {
  const { coverageFloor, minOperations, baseline, out = process.stdout } = options;
  const result = await gate(dirs, {
    known: options.known === undefined ? [] : loadKnown(options.known),
    today: options.today ?? new Date().toISOString().slice(0, 10),
    ...(coverageFloor === undefined ? {} : { coverageFloor }),
    ...(minOperations === undefined ? {} : { minOperations }),
    ...(baseline === undefined ? {} : { baseline: fingerprintsIn(baseline) }),
  });
  out.write(`${gateText(result)}\n`);
  return result.exitCode;
}

/** The fingerprints of an earlier run's divergences. */
function fingerprintsIn(file: string): string[] {
  const summary = parsed(readFileSync(file, "utf8"));
  const list = typeof summary === "object" && summary !== null && "divergences" in summary ? summary.divergences : null;
  if (!Array.isArray(list)) throw new BadArgument("--baseline", file, "not a summary.json");
  return list.map((each: unknown) =>
    typeof each === "object" && each !== null && "fingerprint" in each ? String(each.fingerprint) : "",
  );
}

/** JSON, or nothing where it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

function gateText({ exitCode, reasons, checkedReplies, coverage, change }: GateResult): string {
  const heads = { 0: "OPEN", 1: "SHUT: diverges", 2: "SHUT: undecided" } as const;
  const list = (name: string, fingerprints: readonly string[]): string[] =>
    fingerprints.map((each) => `  ${name}: ${each}`);
  return [
    `${heads[exitCode]}  ${checkedReplies} replies compared, coverage ${coverage.exercised} of ${coverage.plausible}`,
    ...reasons.map(({ text }) => `  ${text}`),
    ...(change === undefined
      ? []
      : [
          ...list("new since the baseline", change.fresh),
          ...list("gone since the baseline", change.gone),
          ...list("still there", change.still),
        ]),
  ].join("\n");
}

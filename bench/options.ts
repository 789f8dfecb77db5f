/** The benchmark's command line. Pure: prints nothing, ends nothing. */
import { Command, InvalidArgumentError } from "commander";
import { type NothingToRun, nothingToRun } from "../src/command-line.ts";

/** What a user may ask for. */
export interface Options {
  readonly quick: boolean;
  /** Rounds of which medians are taken. */
  readonly rounds: number;
  /** Names of the sections to run; all when empty. */
  readonly only: readonly string[];
  /** Znodes of the large tree. */
  readonly znodes: number;
  /** Folder for results.json and curves.svg; nothing is written without it. */
  readonly out?: string;
  /** A Go zetcd to measure beside ours. */
  readonly zetcdGo?: string;
}

/** How reading went. */
export type Parsed = { readonly is: "run"; readonly options: Options } | NothingToRun;

/** Znodes of the large tree, unless a number is given. */
const znodes = { full: 1_000_000, quick: 50_000 } as const;

/** Reads the arguments behind the program's name; `sections` are the names that `--only` takes, each with what it measures. */
export function parseOptions(argv: readonly string[], sections: Readonly<Record<string, string>>): Parsed {
  const said: string[] = [];
  const only = (text: string, before: readonly string[]): string[] => {
    if (Object.hasOwn(sections, text)) return [...before, text];
    throw new InvalidArgumentError(`It is one of ${Object.keys(sections).join(", ")}.`);
  };
  const width = Math.max(...Object.keys(sections).map((name) => name.length));
  const command = new Command("bench")
    .description("Measures ZooKeeper and zetcd side by side.")
    .option("--quick", "a tenth of the requests", false)
    .option("--rounds <n>", "rounds of which the medians are taken", wholeNumber, 3)
    .option("--only <section>", "run this section; may be repeated", only, [])
    .option("--znodes <n>", `size of the large tree (default: ${znodes.full}, quick ${znodes.quick})`, wholeNumber)
    .option("--out <dir>", "write results.json and curves.svg there")
    .option("--zetcd-go <path>", "also measure this Go zetcd")
    .helpOption("--help", "print this")
    .addHelpText(
      "after",
      `\nSections:\n${Object.entries(sections)
        .map(([name, about]) => `  ${name.padEnd(width)}  ${about}\n`)
        .join("")}`,
    )
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => said.push(text), writeErr: () => undefined });
  try {
    const options = command.parse([...argv], { from: "user" }).opts<Options>();
    return { is: "run", options: { ...options, znodes: options.znodes ?? znodes[options.quick ? "quick" : "full"] } };
  } catch (cause) {
    return nothingToRun(cause, { said, help: "--help" });
  }
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value > 0 && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError("It is a whole number from 1.");
}

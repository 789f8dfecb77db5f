/** What the command lines of our programs have in common. */
import { readFileSync } from "node:fs";
import { type Command, CommanderError } from "commander";

/** A command line after which nothing is to run: `say` is help or version for stdout, `bad` one line for stderr. */
export type NothingToRun =
  | { readonly is: "say"; readonly text: string }
  | { readonly is: "bad"; readonly line: string };

/** What commander threw, told: `said` is what it wrote, `help` how users get help, `bare` what they hear who name no command. Throws again what is
 *  not commander's. */
export function nothingToRun(
  cause: unknown,
  { said, help, bare }: { readonly said: readonly string[]; readonly help: string; readonly bare?: string },
): NothingToRun {
  if (!(cause instanceof CommanderError)) throw cause;
  if (cause.exitCode === 0) return { is: "say", text: said.join("") };
  const words = cause.code === "commander.help" ? bare : undefined;
  return { is: "bad", line: `${words ?? complaintOf(cause)}; see ${help}` };
}

/** What commander complains about, in one line. */
export const complaintOf = (cause: CommanderError): string =>
  cause.message.replace(/^error: /, "").replaceAll("\n", " ");

/** The version of all our programs. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** Go's flag package takes `-endpoints` for `--endpoints`, and commands written for Go's tools say so: gives such spellings of the program's and its
 *  commands' flags the second dash. `-x` that is no flag of theirs stays, and so does everything behind a lone `--`. */
export function withTwoDashes(program: Command, argv: readonly string[]): string[] {
  const declared = [program, ...program.commands].flatMap(({ options }) => options.map(({ long }) => long));
  const flags = new Set([...declared, "--help"]);
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  return argv.map((argument, index) => {
    const [name] = argument.split("=", 1);
    return index < end && flags.has(`-${name}`) ? `-${argument}` : argument;
  });
}

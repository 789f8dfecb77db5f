/** What the command lines of our programs have in common. */
import type { Command } from "commander";

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

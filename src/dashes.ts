/** Go's flag package takes `-endpoints` for `--endpoints`, and commands written for Go's tools say so. */

/** Gives one-dash spellings of the named long flags (`--endpoints`) their second dash. Everything behind a lone `--` stays. */
export function withTwoDashes(longFlags: Iterable<string>, argv: readonly string[]): string[] {
  const known = new Set(longFlags);
  const end = argv.indexOf("--");
  return argv.map((argument, index) => {
    const [name = ""] = argument.split("=", 1);
    const isFlag = (end === -1 || index < end) && !argument.startsWith("--");
    return isFlag && known.has(`-${name}`) ? `-${argument}` : argument;
  });
}

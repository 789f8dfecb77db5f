/** Runs of `bin/zkctl` for the tests that have a server. */
import { type Ended, runBin } from "./bin.fixture.ts";

/** zkctl for one server: runs, and runs that must succeed quietly and answer what they print. */
export function zkctlOf(address: () => string) {
  const run = (...argv: string[]): Promise<Ended> => runBin("zkctl", ["--endpoints", address(), ...argv]);
  const printed = async (...argv: string[]): Promise<string> => {
    const { code, out, err } = await run(...argv);
    if (code !== 0 || err !== "") throw new Error(`zkctl ${argv.join(" ")} ended with ${code}: ${err}`);
    return out;
  };
  const json = async (...argv: string[]): Promise<Record<string, unknown>> =>
    JSON.parse(await printed("--json", ...argv)) as Record<string, unknown>;
  return { run, printed, json };
}

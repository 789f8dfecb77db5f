/** The xchk command line: subcommands and exit codes. 0 conforms · 1 diverges · 2 undecided · 254 bad arguments · 255 the harness or a
 *  server failed. */
import { Command, CommanderError } from "commander";
import { BadProfile } from "../scenarios/generate/profile.ts";
import { BadToken, toolVersion } from "../scenarios/generate/replay-token.ts";
import { BadScenario } from "../scenarios/validate.ts";
import { complaintOf } from "../src/command-line.ts";
import { BadRecording } from "../src/recording/format.ts";
import { type AuditFlags, auditCommand } from "./commands/audit.ts";
import { concurrentCommand } from "./commands/concurrent.ts";
import { demoCommand } from "./commands/demo.ts";
import { type RawFlags, withGenerator, withServers, withTwin } from "./commands/flags.ts";
import { fuzzCommand } from "./commands/fuzz.ts";
import { gateCommand } from "./commands/gate.ts";
import { knownAddCommand, knownListCommand } from "./commands/known.ts";
import { mutantsCommand } from "./commands/mutants.ts";
import { replayCommand } from "./commands/replay.ts";
import { reportCommand } from "./commands/report.ts";
import { runCommand } from "./commands/run.ts";
import { tableCommand } from "./commands/table.ts";
import { BadKnownList } from "./compare/known.ts";
import { BadArgument } from "./servers/endpoints.ts";
import { ServerFailed } from "./servers/process.ts";

/** What the commands answered; 255 until one has. */
let exitCode = 255;

/** Keeps a command's answer. */
const answer =
  <A extends unknown[]>(act: (...args: A) => Promise<number>) =>
  async (...args: A): Promise<void> => {
    exitCode = await act(...args);
  };

const program = new Command("xchk")
  .description("Cross-checks ZooKeeper-compatible servers against a real ZooKeeper.")
  .version(toolVersion, "--version", "print the version")
  .helpOption("--help", "print this")
  .exitOverride()
  .configureOutput({ writeErr: () => undefined })
  .addHelpText(
    "after",
    "\nExit codes: 0 conforms, 1 diverges, 2 undecided, 254 bad arguments, 255 the harness or a server failed.",
  );

withTwin(
  withGenerator(withServers(program.command("fuzz").description("generated operation sequences against two servers"))),
)
  .option("--runs <n>", "sequences, at most")
  .option("--ops <n>", "operations, about")
  .option(
    "--time-limit <s>",
    "seconds after which no sequence begins any more; what was found is shrunk for one more --shrink-time; default 60 when no other limit is set",
  )
  .option("--max-causes <n>", "distinct causes after which the run ends", "5")
  .option(
    "--shrink-time <s>",
    "seconds for shrinking one cause, twice as long where trials have to wait for servers; 0 shrinks nothing",
    "20",
  )
  .option("--end-on-failure", "end with the first cause")
  .option("--shard <i/n>", "the i-th of n parts of the run; all parts need the same --seed")
  .option("--in-order", "sequences by number, one after the other; default: mostly those that reach new coverage cells")
  .option("--min-cells <n>", "fewest coverage cells (operation, result, states) without which the run is undecided")
  .action(answer((raw: RawFlags) => fuzzCommand(raw)));

withTwin(withServers(program.command("run").description("hand-written scenarios, all or those that match")))
  .argument("[glob...]", "names like 'watch/**' or create/node-exists")
  .option("--in-flight <n>", "scenarios under way at the same time", "4")
  .action(answer((globs: string[], raw: RawFlags) => runCommand(globs, raw)));

withServers(
  program
    .command("concurrent")
    .description(
      "clients run freely against the candidate, move between its servers and come back when one hangs up; the history is judged by the oracle",
    ),
)
  .option(
    "--also <server...>",
    "more servers of the candidate, zk://HOST:PORT; clients spread over all of them, and move on",
  )
  .option("--sessions <n>", "clients", "16")
  .option("--ops <n>", "operations of one history", "5000")
  .option("--histories <n>", "histories, one after the other", "4")
  .option("--in-flight <n>", "requests that each client keeps under way", "8")
  .option("--seed <n>", "number that determines what each client asks; default: by chance")
  .action(answer((raw: RawFlags & { also?: string[] }) => concurrentCommand(raw)));

withServers(
  program.command("replay").description("a token's sequence, a saved counterexample or recorded traffic, once more"),
)
  .argument("<token|file>", "zx1:..., a scenario file, or what zetcd --record left")
  .option("--speed <n|max>", "for recorded traffic: times as fast as it was; max leaves no pause; default 1")
  .option("--in-flight <n>", "for the token of a whole run", "8")
  .action(answer((what: string, raw: RawFlags) => replayCommand(what, raw)));

program
  .command("table")
  .description("what each operation does to each Stat field, on two servers side by side, or on one")
  .argument("[server]", "one server alone")
  .option("--candidate <server>", "the server under test", "auto")
  .option("--oracle <server>", "the server that is right", "auto")
  .option("--format <text|markdown|json>", "how it is printed", "text")
  .option("-o, --output <file>", "where it goes; default: stdout")
  .option("--mutant <name>", "self-test: make the candidate lie in one named way, which must be seen")
  .action(answer((server: string | undefined, raw: RawFlags) => tableCommand(server, raw)));

/** Gathers a flag that may be repeated. */
const append = (text: string, before: string[]): string[] => [...before, text];

program
  .command("audit")
  .description("compare two whole trees: data, ACLs, Stats, ephemerals and quotas; nothing is written")
  .option("--candidate <server>", "the server under test: zk://HOST:PORT[/CHROOT] or etcd://HOST:PORT[,...]")
  .option("--oracle <server>", "the server that is right, in the same forms")
  .option("--to <server>", "the same as --candidate: where a tree was moved to")
  .option("--from <server>", "the same as --oracle: where it came from")
  .option("--root <path>", "compare what is below this", "/")
  .option(
    "--ignore <list>",
    "fields and globs of paths that may differ, separated by commas; may be repeated",
    append,
    [],
  )
  .option("--change-order", "also expect siblings to have been changed in the same order")
  .option("--auth <scheme:credential>", "show this to both servers; may be repeated", append, [])
  .option("--limit <n>", "differences shown of each field", "20")
  .option("--in-flight <n>", "znodes read at the same time", "128")
  .option("--json", "print JSON")
  .action(answer((raw: AuditFlags) => auditCommand(raw)));

program
  .command("mutants")
  .description("self-test: how many of the candidates that lie are found out, how soon, and in how few operations")
  .option("--only <text>", "only those with this in their name; several texts are separated by commas")
  .option("--seed <n>", "number that determines what is sent; default: by chance")
  .option("--limit-seconds <s>", "for finding each out", "60")
  .option("--in-flight <n>", "how many at the same time", "2")
  .option("--json <file>", "the results as JSON go here")
  .action(answer((raw: RawFlags) => mutantsCommand(raw)));

program
  .command("demo")
  .description("zetcd on a private etcd, checked against a private ZooKeeper with generated traffic")
  .option("--report-dir <dir>", "where the report goes")
  .option("--seed <n>", "number that determines what is sent")
  .action(answer((raw: RawFlags) => demoCommand(raw)));

/** Declares what the commands about finished runs share. */
const withOutlets = (command: Command): Command =>
  command
    .argument("<dir...>", "report directories")
    .option("--report-dir <dir>", "one report of all of them goes here")
    .option("--junit <file>", "JUnit XML goes here")
    .option("--github", "annotations and step summary for GitHub Actions");

withOutlets(program.command("report").description("write the reports of finished runs again"))
  .option("--known <file>", "known divergences (YAML); with it they are applied again, as the gate does")
  .action(answer((dirs: string[], raw: RawFlags) => reportCommand(dirs, raw)));

withOutlets(program.command("gate").description("judge finished runs together, as CI does"))
  .option("--known <file>", "known divergences (YAML); default: the list in scenarios/")
  .option("--min-operations <n>", "fewest compared replies of all runs together")
  .option("--min-cells <n>", "fewest coverage cells (operation, result, states) that all runs together hit")
  .option("--coverage-floor <percent>", "least share of the plausible coverage cells")
  .option("--baseline <dir|summary.json>", "an earlier run, to say what is new, gone and still there")
  .action(answer((dirs: string[], raw: RawFlags) => gateCommand(dirs, raw)));

const known = program.command("known").description("the list of known divergences");

known
  .command("add")
  .description("tolerate one cause of a finished run")
  .argument("<fingerprint>", "as the report shows it; its beginning will do")
  .requiredOption("--from <dir>", "report directory in which it occurred")
  .requiredOption("--why <text>", "one sentence on the reason")
  .requiredOption("--issue <url>", "where it is discussed")
  .option("--expires <day>", "last day on which it is tolerated, YYYY-MM-DD; default: in 90 days")
  .option("--owner <name>", "who looks after it")
  .option("--id <id>", "name of the entry; default: the next D-number")
  .option("--known <file>", "the list; default: the one in scenarios/")
  .action(answer((fingerprint: string, raw: RawFlags) => knownAddCommand(fingerprint, raw)));

known
  .command("list")
  .description("print the entries")
  .option("--known <file>", "the list; default: the one in scenarios/")
  .action(answer((raw: RawFlags) => knownListCommand(raw)));

const mistakes = [BadRecording, BadArgument, BadProfile, BadScenario, BadToken, BadKnownList];

/** One line for what went wrong, and its exit code. */
function failed(cause: unknown): number {
  if (cause instanceof CommanderError) {
    if (cause.exitCode === 0) return 0;
    const isBare = cause.code === "commander.help" || cause.code === "commander.helpDisplayed";
    const words = isBare ? "which command?" : complaintOf(cause);
    process.stderr.write(`xchk: ${words}; see xchk --help\n`);
    return 254;
  }
  const isMistake = mistakes.some((kind) => cause instanceof kind);
  const words = cause instanceof Error ? cause.message : String(cause);
  process.stderr.write(`xchk: ${words}\n`);
  if (!isMistake && !(cause instanceof ServerFailed) && cause instanceof Error)
    process.stderr.write(`${cause.stack}\n`);
  return isMistake ? 254 : 255;
}

try {
  await program.parseAsync();
} catch (cause) {
  exitCode = failed(cause);
}
process.exit(exitCode);

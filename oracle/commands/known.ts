/** `xchk known`: the list of known divergences, written from a report and read out. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { isSeq, parseDocument, YAMLSeq } from "yaml";
import { journalIn } from "../../reports/read.ts";
import { BadKnownList, checkKnown, type KnownDivergence, knownMatcher, loadKnown } from "../compare/known.ts";
import type { DivergenceLine } from "../journal.ts";
import { readJournal } from "../journal-file.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { expectJournals, type Surroundings, today } from "./finished.ts";
import { type RawFlags, textOf } from "./flags.ts";
import { defaultKnownFile } from "./stage.ts";

/** How long an entry is tolerated whose end nobody named, days: long enough for a release, short enough to be looked at again. */
const toleratedDays = 90;

/** `xchk known add --from DIR FINGERPRINT`: covers one cause of a finished run. Prints the entry. Throws `BadArgument` and `BadKnownList`. */
export async function knownAddCommand(
  fingerprint: string,
  raw: RawFlags,
  around: Surroundings = process,
): Promise<number> {
  const dir = needed(raw, "from");
  const file = textOf(raw, "known") ?? defaultKnownFile;
  expectJournals([dir]);
  const list = existsSync(file) ? loadKnown(file) : [];
  const lines = await divergencesOf(dir, fingerprint);
  const [first] = lines;
  if (first === undefined) throw new BadArgument("FINGERPRINT", fingerprint, `does not occur in ${dir}`);
  const isKnown = knownMatcher(list);
  const covering = new Set(lines.map(isKnown));
  const [id] = covering;
  if (covering.size === 1 && id !== undefined)
    throw new BadArgument("FINGERPRINT", fingerprint, `is known already, as ${id}`);
  const owner = textOf(raw, "owner");
  const entry: KnownDivergence = {
    id: textOf(raw, "id") ?? nextId(list),
    match: `**/${first.operation}`,
    field: fieldGlob(lines.flatMap((line) => line.differences.map((difference) => difference.at))),
    fingerprint: first.fingerprint,
    why: needed(raw, "why"),
    issue: needed(raw, "issue"),
    ...(owner === undefined ? {} : { owner }),
    expires: textOf(raw, "expires") ?? inDays(toleratedDays),
  };
  checkKnown([...list, entry], file);
  writeFileSync(file, withEntry(existsSync(file) ? readFileSync(file, "utf8") : "", entry, file));
  around.stdout.write(`${told(entry)}\nadded to ${file}; tolerated until ${entry.expires}\n`);
  return 0;
}

/** `xchk known list`: each entry, and whether its day has passed. Throws `BadKnownList`. */
export async function knownListCommand(raw: RawFlags, around: Surroundings = process): Promise<number> {
  const file = textOf(raw, "known") ?? defaultKnownFile;
  const list = loadKnown(file);
  for (const entry of list) around.stdout.write(`${told(entry)}\n`);
  const expired = list.filter(({ expires }) => expires < today()).length;
  around.stdout.write(
    `${list.length} known divergences in ${file}${expired > 0 ? `, ${expired} of them expired` : ""}\n`,
  );
  return 0;
}

function needed(raw: RawFlags, flag: string): string {
  const text = textOf(raw, flag);
  if (text === undefined || text.trim() === "") throw new BadArgument(`--${flag}`, "", "is needed");
  return text;
}

/** The divergences of a run with this fingerprint. A beginning of it will do when only one goes on like that. Throws `BadArgument` when several do. */
async function divergencesOf(dir: string, wanted: string): Promise<DivergenceLine[]> {
  const found = new Map<string, DivergenceLine[]>();
  for await (const line of readJournal(journalIn(dir))) {
    if (line.event !== "divergence" || !line.fingerprint?.startsWith(wanted)) continue;
    if (line.verdict !== "diverges" && line.verdict !== "known") continue;
    const lines = found.get(line.fingerprint) ?? [];
    if (lines.length < linesKept) found.set(line.fingerprint, [...lines, line]);
  }
  const exact = found.get(wanted);
  if (exact !== undefined || found.size <= 1) return exact ?? [...found.values()].flat();
  const names = [...found.keys()].sort().slice(0, 5);
  throw new BadArgument("FINGERPRINT", wanted, `is the beginning of several: ${names.join("; ")}`);
}

/** Occurrences of one cause that an entry is made from. */
const linesKept = 1_000;

/** One glob over all these field paths, as narrow as can be: `stat.cversion` and `stat.pzxid` give `stat.*`. */
export function fieldGlob(fields: readonly string[]): string {
  const paths = [...new Set(fields)].map((field) => field.split("."));
  const [first = []] = paths;
  if (paths.every((path) => path.length === first.length))
    return first.map((part, at) => (paths.every((path) => path[at] === part) ? part : "*")).join(".");
  const differs = first.findIndex((part, at) => paths.some((path) => path[at] !== part));
  const shared = differs < 0 ? first.length : differs;
  // Below its own length a path would have nothing left for the dot in front of `**`.
  return shared === 0 || paths.some((path) => path.length === shared) ? "**" : `${first.slice(0, shared).join(".")}.**`;
}

function nextId(list: readonly KnownDivergence[]): string {
  const numbers = list.map(({ id }) => Number(/^D-(\d+)$/.exec(id)?.[1] ?? 0));
  return `D-${String(Math.max(0, ...numbers) + 1).padStart(3, "0")}`;
}

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** The file's text with the entry at its end. Comments, order and quoting of what is there stay. Throws `BadKnownList`. */
export function withEntry(text: string, entry: KnownDivergence, file: string): string {
  const document = parseDocument(text);
  const [flaw] = document.errors;
  if (flaw !== undefined) throw new BadKnownList(`${file}: ${flaw.message}`);
  const { contents } = document;
  const list = isSeq(contents) ? contents : new YAMLSeq();
  // The empty list of a new file is written `[]`.
  list.flow = false;
  list.add(document.createNode(entry));
  if (!isSeq(contents)) document.contents = list as unknown as typeof contents;
  return document.toString({
    lineWidth: 0,
    defaultKeyType: "PLAIN",
    defaultStringType: "QUOTE_DOUBLE",
    flowCollectionPadding: false,
  });
}

/** An entry as a terminal shows it. */
function told(entry: KnownDivergence): string {
  const until = entry.expires < today() ? `expired on ${entry.expires}` : `until ${entry.expires}`;
  const where = `${entry.match} ${entry.field}${entry.fingerprint === undefined ? "" : ` [${entry.fingerprint}]`}`;
  return `${entry.id}  ${where}\n    ${entry.why}\n    ${[entry.issue, entry.owner, until].filter((part) => part !== undefined).join(", ")}`;
}

/** Keeps the data of a scenario's steps out of the journal: what the comparator prints is blanked by its own rules, but a counterexample's story
 *  repeats the steps as they were written. */
import { bytesOf } from "../../scenarios/encode.ts";
import type { DataValue } from "../../scenarios/format.ts";
import { data as dataKind } from "../../src/protocol/records.ts";
import { type PrintOptions, printValue } from "../compare/print.ts";
import type { JournalSink } from "../journal.ts";

/** A journal that shows no credentials of stories, and data only with `reveal`. The replay file beside it keeps both: without them it could not be
 *  replayed. */
export const redacted =
  (journal: JournalSink, print: PrintOptions): JournalSink =>
  (line) => {
    if (line.event !== "counterexample") return journal(line);
    journal({ ...line, story: line.story.map((step) => ({ ...step, request: blanked(step.request, print) })) });
  };

/** A step, or one operation of a multi, with its data as length and hash, its credentials and raw frames blank. */
function blanked(request: unknown, print: PrintOptions): unknown {
  if (typeof request !== "object" || request === null) return request;
  const step: Record<string, unknown> = { ...request };
  // In setWatches `data` is a list of paths.
  if (!print.reveal && "data" in step && !Array.isArray(step.data)) step.data = digestOf(step.data as DataValue);
  if (!print.reveal && step.op === "raw") step.hex = "";
  if ("auth" in step) step.auth = step.auth === null ? null : "<secret>";
  if (Array.isArray(step.acl)) step.acl = step.acl.map(withoutDigest);
  if (Array.isArray(step.ops)) step.ops = step.ops.map((inner: unknown) => blanked(inner, print));
  return step;
}

/** What the comparator prints of the same bytes; what is in that form already stays. */
const digestOf = (data: DataValue): unknown => {
  if (typeof data === "string" && /^<\d+ bytes sha256:[\da-f]{8}>$/.test(data)) return data;
  return data === null ? null : printValue(dataKind, bytesOf(data), { reveal: false });
};

const withoutDigest = (entry: unknown): unknown =>
  typeof entry === "object" && entry !== null && "id" in entry && typeof entry.id === "string"
    ? { ...entry, id: entry.id.replace(/:.*$/s, ":x") }
    : entry;

/** Differences and answers put into words, the same words in every view. */

import type { Both, Difference, Side } from "../oracle/compare/difference.ts";
import type { Answer } from "../oracle/journal.ts";
import { quotaRoot } from "../src/protocol/paths.ts";
import { bounds, grouped, shortened } from "./bounds.ts";

/** What each side showed at the place of a difference, as printable text. */
export function sidesOf(difference: Difference): Both<string> {
  switch (difference.is) {
    case "value":
    case "layout":
    case "order":
      return { candidate: shortened(difference.candidate), oracle: shortened(difference.oracle) };
    case "absent":
      return onSide(difference.on, "(absent)", shortened(difference.other));
    case "members":
      return {
        candidate: listed(difference.only.candidate, "nothing that the oracle lacks"),
        oracle: listed(difference.only.oracle, "nothing that the candidate lacks"),
      };
    case "stalled":
      return onSide(difference.on, `no answer within ${grouped(difference.waitedMs)} ms`, "answered");
    case "closed":
      return onSide(difference.on, closedWords(difference), "stayed connected");
    default:
      return { candidate: "(unknown)", oracle: "(unknown)" };
  }
}

/** The path of a step as people know it, as text; undefined for one that only the run knew. */
export function znodePath(path: unknown): string | undefined {
  if (typeof path === "string") return path;
  const { exact, quota } = (path ?? {}) as { readonly exact?: unknown; readonly quota?: unknown };
  if (typeof exact === "string") return exact;
  return typeof quota === "string" ? `${quotaRoot}~${quota}` : undefined;
}

/** The root that a generated or written case has for itself, which is another one in each run, as `~`: `/xmwpqvtud-2u/r/a` is `~/a`. */
export const withoutRoot = (text: string): string =>
  text.replace(/(\/zookeeper\/quota)?(?:\/[^\s/]+)*?\/x[0-9a-z]{8}-[0-9a-z]+\/r(?![^/\s])/g, "$1~");

/** One sentence for a difference, without its values. */
export function differenceWords(difference: Difference): string {
  const at = shortened(difference.at, 120);
  switch (difference.is) {
    case "value":
      if (difference.relation === "equal") return `${at} is not the same`;
      return `${at} breaks its rule “${shortened(difference.relation, 80)}”`;
    case "absent":
      return `${at} is absent on the ${difference.on}`;
    case "members":
      return `${at} does not hold the same members`;
    case "layout":
      return `${at} has another byte layout, although the decoded values agree`;
    case "order":
      return `${at} came in another order`;
    case "stalled":
      return `the ${difference.on} did not answer in time`;
    case "closed":
      return `${difference.died ? "" : "only "}the ${difference.on} ${closedWords(difference)}`;
    default:
      return `${at} differs`;
  }
}

/** Kinds of requests that are named where nobody knows which one a server died of. */
const suspectsShown = 8;

/** How a connection ended. */
function closedWords({ died, underWay }: Extract<Difference, { readonly is: "closed" }>): string {
  if (!died) return "closed the connection";
  if (underWay === undefined) return "died";
  const kinds = [...new Set(underWay.map(({ op, variant }) => (variant === undefined ? op : `${op}(${variant})`)))];
  const more = kinds.length - suspectsShown;
  const shown =
    shortened(kinds.slice(0, suspectsShown).join(", "), 300) + (more > 0 ? ` and ${grouped(more)} more` : "");
  return kinds.length === 0 ? "died of nothing that was asked" : `died of one of these: ${shown}`;
}

/** Names of Watcher.Event.EventType by number. Source: Watcher.Event.EventType (3.9). */
const eventNames: Readonly<Record<string, string>> = {
  "1": "created",
  "2": "deleted",
  "3": "dataChanged",
  "4": "childrenChanged",
};

/** An event type as this project writes it: a number, Java's `NodeCreated` and our `created` become `created`. */
export function eventName(type: unknown): string {
  const text = shortened(String(type ?? "unknown"), 40);
  const java = text.startsWith("Node") ? text.charAt(4).toLowerCase() + text.slice(5) : text;
  return java === "childrenChanged" ? java : (eventNames[java] ?? java);
}

/** A watch event in a few words: `dataChanged /a`. */
export function eventWords(answer: Answer): string {
  if (answer.is !== "event") return answerWords(answer);
  const body = (typeof answer.body === "object" && answer.body !== null ? answer.body : {}) as Record<string, unknown>;
  const to = typeof body.session === "string" ? ` → ${shortened(body.session, 40)}` : "";
  return `${eventName(body.type)} ${withoutRoot(shortened(String(body.path ?? ""), 200))}${to}`;
}

/** An answer in a word: the result code of a reply, or why there is none. */
export function answerWords(answer: Answer): string {
  if (answer.is === "closed") return "connection closed";
  if (answer.is === "none") return "no answer";
  return answer.err === undefined ? answer.is : shortened(answer.err, 60);
}

function onSide(side: Side, there: string, elsewhere: string): Both<string> {
  return side === "candidate" ? { candidate: there, oracle: elsewhere } : { candidate: elsewhere, oracle: there };
}

function listed(members: readonly string[], none: string): string {
  if (members.length === 0) return none;
  const shown = members.slice(0, bounds.eventsPerStepMax).map((member) => shortened(member, 100));
  const more = members.length - shown.length;
  return `only here: ${shown.join(", ")}${more > 0 ? ` and ${grouped(more)} more` : ""}`;
}

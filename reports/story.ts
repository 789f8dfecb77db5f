/** A shrunk reproduction made ready to be read: who did what, what each side answered, and what both trees hold after each step. */

import type { Both } from "../oracle/compare/difference.ts";
import type { Answer, CounterexampleLine, DivergenceLine, StoryStep } from "../oracle/journal.ts";
import { bounds, shortened } from "./bounds.ts";
import { type FieldRow, fieldRows, type HexWindow, hexWindow } from "./fields.ts";
import { SideTree, type TreeEffect } from "./tree.ts";
import { answerWords, differenceWords, eventWords, znodePath } from "./wording.ts";

/** One step, all text. `said` is each side's answer in a word; `rows` and `hex` are there for steps that someone may want to look into. */
export interface StoryStepView {
  readonly by: string;
  readonly op: string;
  readonly args: readonly (readonly [name: string, value: string])[];
  readonly said: Both<string>;
  readonly events: Both<readonly string[]>;
  readonly complaints: readonly string[];
  readonly rows: readonly FieldRow[];
  readonly hex?: HexWindow;
  readonly effects: Both<readonly TreeEffect[]>;
}

/** A story. `shrunk` is false for the single operation that is shown where nothing was shrunk. `cut` counts steps left out. */
export interface StoryView {
  readonly shrunk: boolean;
  readonly sessions: readonly string[];
  readonly steps: readonly StoryStepView[];
  readonly cut: number;
}

/** The story of a counterexample. */
export const storyOf = (line: CounterexampleLine): StoryView => told(line.story, true);

/** A story of one step, for a divergence that was never shrunk (live traffic, scenarios). An event stands among the events, not as an answer. */
export function loneStory(line: DivergenceLine): StoryView {
  const isEvent = line.answers.candidate.is === "event" || line.answers.oracle.is === "event";
  const request = typeof line.request === "object" && line.request !== null ? line.request : { op: line.operation };
  const events = { candidate: eventList(line.answers.candidate), oracle: eventList(line.answers.oracle) };
  return told(
    [
      {
        by: line.session,
        request,
        answers: line.answers,
        events: isEvent ? events : { candidate: [], oracle: [] },
        differences: line.differences,
      },
    ],
    false,
  );
}

const eventList = (answer: Answer): Answer[] => (answer.is === "event" ? [answer] : []);

function told(story: readonly StoryStep[], shrunk: boolean): StoryView {
  const trees = { candidate: new SideTree(), oracle: new SideTree() };
  const kept = story.slice(0, bounds.storyStepsMax);
  const steps = kept.map((step): StoryStepView => {
    const request = (typeof step.request === "object" && step.request !== null ? step.request : {}) as Readonly<
      Record<string, unknown>
    >;
    const hex = hexWindow(step.answers);
    return {
      by: shortened(String(step.by), 40),
      op: shortened(String(request.op ?? "?"), 40),
      args: argumentsOf(request),
      said: { candidate: answerWords(step.answers.candidate), oracle: answerWords(step.answers.oracle) },
      events: { candidate: listed(step.events?.candidate), oracle: listed(step.events?.oracle) },
      complaints: step.differences.slice(0, bounds.eventsPerStepMax).map(differenceWords),
      rows: fieldRows(step.answers, step.differences),
      ...(hex === undefined ? {} : { hex }),
      effects: {
        candidate: trees.candidate.apply(step.by, request, step.answers.candidate),
        oracle: trees.oracle.apply(step.by, request, step.answers.oracle),
      },
    };
  });
  const sessions = [...new Set(steps.map((step) => step.by))];
  return { shrunk, sessions, steps, cut: story.length - kept.length };
}

function listed(events: readonly Answer[] = []): string[] {
  const shown = events.slice(0, bounds.eventsPerStepMax).map(eventWords);
  return events.length > shown.length ? [...shown, `and ${events.length - shown.length} more`] : shown;
}

/** The request without its name and its session: path first, then as written. */
function argumentsOf(request: Readonly<Record<string, unknown>>): (readonly [string, string])[] {
  return Object.entries(request)
    .filter(([name, value]) => name !== "op" && name !== "by" && value !== undefined)
    .sort(([a], [b]) => Number(b === "path") - Number(a === "path"))
    .slice(0, bounds.eventsPerStepMax)
    .map(([name, value]) => [shortened(name, 40), printedArgument(name, value)]);
}

/** The empty path is the root of the case. */
function printedArgument(name: string, value: unknown): string {
  if (name === "path" && value === "") return "~";
  const text = name === "path" ? znodePath(value) : value;
  return typeof text === "string" ? shortened(text) : compact(value);
}

/** JSON on one line, lists of plain words as such. A ten-megabyte value costs one pass, then it is cut. */
function compact(value: unknown): string {
  const plain = Array.isArray(value) ? value.map(znodePath) : [];
  if (plain.length > 0 && !plain.includes(undefined)) return shortened(plain.join(", "));
  const withPaths = (name: string, inner: unknown) => (name === "path" ? (znodePath(inner) ?? inner) : inner);
  return shortened(JSON.stringify(value, withPaths) ?? "");
}

/** What a step is like to whoever takes it: what it waits for, and what it does to its connection. */
import { opcodes, xids } from "../src/protocol/opcodes.ts";
import type { RequestStep } from "./encode.ts";
import type { Step } from "./format.ts";
import { pathsIn } from "./paths.ts";
import { operationsIn } from "./untold.ts";

/** The steps that no request stands for. */
export const isFault = (step: Step): step is Exclude<Step, RequestStep> =>
  step.op === "drop" || step.op === "reconnect" || step.op === "expire" || step.op === "reap" || step.op === "raw";

/** Whether a server may hang up in answer to a request: it is sent alone, because what is pipelined behind it meets either fate, and so does what
 *  the slower side has not answered yet. */
export const mayHangUp = (step: RequestStep): boolean =>
  step.op === "check" ||
  (step.op === "auth" && ((step.scheme !== "digest" && step.scheme !== "ip") || step.auth === null));

/** Answers on their way are lost when a server hangs up with something unread. */
export const hasBehind = (step: RequestStep): boolean => step.op === "closeSession" && (step.behind ?? []).length > 0;

export const labelsIn = (step: RequestStep) =>
  pathsIn(step).flatMap((path) => (typeof path === "object" && path !== null && "ref" in path ? [path.ref] : []));

export const labelsBoundBy = (step: RequestStep) =>
  operationsIn(step).flatMap((inner) => ("bind" in inner && inner.bind !== undefined ? [inner.bind] : []));

/** Whether the step quotes a zxid that its session was told. */
export const quotesZxid = (step: Step): boolean =>
  (step.op === "setWatches" || step.op === "setWatches2") && typeof step.since === "object";

/** The xid that a frame is answered under: its own, but −2 for every ping. Undefined without a header, which no server answers. */
export function replyXidOf(frame: Buffer): number | undefined {
  if (frame.length < 8) return undefined;
  return frame.readInt32BE(4) === opcodes.ping.code ? xids.ping : frame.readInt32BE(0);
}

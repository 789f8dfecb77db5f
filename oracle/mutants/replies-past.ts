/** Lies about multis, zxids and layouts that need a particular request or state. */
import type { SequenceItem } from "../../src/jute/kinds.ts";
import { errorCodes } from "../../src/protocol/error-codes.ts";
import type { Stat } from "../../src/protocol/records.ts";
import type { LyingReply } from "./lying.ts";
import { type Mutant, mutant, replyMutant } from "./mutant.ts";
import { doneBy } from "./world.ts";

/** A rare lie about a multi's results. */
const multiMutant = (name: string, lie: string, change: (items: SequenceItem[], reply: LyingReply) => void): Mutant =>
  replyMutant({ name, class: "multi", lie, rare: true, ops: ["multi"] }, (reply) => {
    if (Array.isArray(reply.body)) change(reply.body, reply);
    return undefined;
  });

/** Where a failed multi failed; −1 when it did not. */
const failedAt = (items: readonly SequenceItem[]): number =>
  items.findIndex(({ body }) => typeof body.err === "number" && body.err < errorCodes.RUNTIMEINCONSISTENCY);

const setError = (item: SequenceItem | undefined, err: number): void => {
  if (item !== undefined) Object.assign(item.body, { err });
  if (item !== undefined) Object.assign(item.header, { err: item.header.err === -1 ? -1 : err });
};

/** By class. */
export const rareReplyMutants: readonly Mutant[] = [
  multiMutant("multi-first-was-create", "a create that is undone counts as failed", (items, { request }) => {
    if (failedAt(items) > 0 && request.operations?.[0]?.op === "create")
      setError(items[0], errorCodes.RUNTIMEINCONSISTENCY);
  }),
  multiMutant("multi-third-failed", "a failure behind two others' success is inconsistency", (items) => {
    const at = failedAt(items);
    if (at >= 2) setError(items[at], errorCodes.RUNTIMEINCONSISTENCY);
  }),
  multiMutant("multi-failed-check", "a check at a wrong version finds no znode", (items, { request }) => {
    const at = failedAt(items);
    const item = items[at];
    if (item?.body.err === errorCodes.BADVERSION && request.operations?.[at]?.op === "check")
      setError(item, errorCodes.NONODE);
  }),
  multiMutant("multi-same-znode", "a second setData in a multi shows the first one's version", (_, reply) => {
    const seen = new Set<string>();
    for (const { operation, path, body } of doneBy(reply.request, reply.body)) {
      if (operation.op !== "setData" || body === undefined || !("stat" in body)) continue;
      if (seen.has(path)) (body.stat as Stat).version--;
      seen.add(path);
    }
  }),
  replyMutant(
    { name: "multi-empty", class: "multi", lie: "an empty multi is a bad argument", rare: true, ops: ["multi"] },
    ({ body, header }) => {
      if (Array.isArray(body) && body.length === 0) header.err = errorCodes.BADARGUMENTS;
      return undefined;
    },
  ),
  replyMutant(
    {
      name: "multi-read-third",
      class: "multi",
      lie: "a multiRead's third result is empty",
      rare: true,
      ops: ["multiRead"],
    },
    ({ body }) => {
      const third = Array.isArray(body) ? body[2]?.body : undefined;
      if (third !== undefined && "data" in third) third.data = null;
      if (third !== undefined && "children" in third) third.children = [];
      return undefined;
    },
  ),
  replyMutant(
    { name: "zxid-of-multi", class: "zxid", lie: "a multi shows the zxid of the write before", ops: ["multi"] },
    ({ header }) => {
      header.zxid = Number(header.zxid) - 1;
      return undefined;
    },
  ),
  replyMutant(
    { name: "zxid-of-failure", class: "zxid", lie: "a failed setData bears zxid 1", ops: ["setData"] },
    ({ header }) => {
      if (header.err !== 0) header.zxid = 1;
      return undefined;
    },
  ),
  mutant(
    { name: "layout-long-multi", class: "layout", lie: "four bytes too many behind four results", rare: true },
    {
      frame: (frame, { op, operations }) =>
        op === "multi" && (operations?.length ?? 0) >= 4 ? Buffer.concat([frame, Buffer.alloc(4)]) : frame,
    },
  ),
  mutant(
    { name: "layout-no-children", class: "layout", lie: "no children are a null list" },
    {
      frame: (frame, { op }) => {
        if (op === "getChildren" && frame.length === 20 && frame.readInt32BE(16) === 0) frame.writeInt32BE(-1, 16);
        return frame;
      },
    },
  ),
  replyMutant(
    { name: "layout-sync-path", class: "layout", lie: "sync answers another path", ops: ["sync"] },
    ({ body }) => {
      if (body !== undefined && !Array.isArray(body)) body.path = "/";
      return undefined;
    },
  ),
];

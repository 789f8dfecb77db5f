/** Lies in replies: codes, names, data, children, permissions, multis, zxids, layout. */

import { type Int64, writeInt64 } from "../../src/jute/int64.ts";
import type { SequenceItem } from "../../src/jute/kinds.ts";
import { errorCodes } from "../../src/protocol/error-codes.ts";
import { isSequential } from "../crosscheck/request.ts";
import { asRecord, bareError, nth } from "./lying.ts";
import { type Mutant, mutant, replyMutant } from "./mutant.ts";

const creates = ["create", "create2"];
const childLists = ["getChildren", "getChildren2"];

/** Turns one error into another. */
const errorMutant = (
  name: string,
  lie: string,
  ops: string[],
  from: keyof typeof errorCodes,
  to: keyof typeof errorCodes,
): Mutant =>
  replyMutant({ name, class: "error", lie, ops }, ({ header }) => {
    if (header.err === errorCodes[from]) header.err = errorCodes[to];
    return undefined;
  });

/** Changes a multi's results. */
const multiMutant = (name: string, lie: string, change: (items: SequenceItem[]) => void): Mutant =>
  replyMutant({ name, class: "multi", lie, ops: ["multi"] }, ({ body }) => {
    if (Array.isArray(body)) change(body);
    return undefined;
  });

const hasFailed = (items: readonly SequenceItem[]): boolean => items.some(({ header }) => header.type === -1);

const putLong = (frame: Buffer, at: number, value: Int64): Buffer => {
  writeInt64(frame, at, value);
  return frame;
};

export const replyMutants: readonly Mutant[] = [
  errorMutant(
    "error-missing-parent",
    "create below a missing parent answers NODEEXISTS",
    creates,
    "NONODE",
    "NODEEXISTS",
  ),
  errorMutant(
    "error-precedence-delete",
    "delete looks at the version behind the children",
    ["delete"],
    "BADVERSION",
    "NOTEMPTY",
  ),
  errorMutant("error-set-version", "setData ignores a wrong version's code", ["setData"], "BADVERSION", "NONODE"),
  errorMutant("error-delete-idempotent", "deleting what is not there succeeds", ["delete"], "NONODE", "OK"),
  errorMutant("error-no-watcher", "removing a watch that is not there succeeds", ["removeWatches"], "NOWATCHER", "OK"),
  replyMutant(
    { name: "name-sequence-ahead", class: "name", lie: "sequential names count from 1", ops: creates },
    ({ request, body }) => {
      const record = asRecord(body);
      const operation = request.operations?.[0];
      if (record === undefined || operation === undefined || !isSequential(operation)) return undefined;
      const path = String(record.path);
      record.path = path.slice(0, -10) + String(Number(path.slice(-10)) + 1).padStart(10, "0");
      return undefined;
    },
  ),
  replyMutant(
    { name: "data-truncated", class: "data", lie: "data longer than 4 bytes loses its last", ops: ["getData"] },
    ({ body }) => {
      const record = asRecord(body);
      const data = record?.data as Uint8Array | null | undefined;
      if (record !== undefined && data && data.length > 4) record.data = data.subarray(0, -1);
      return undefined;
    },
  ),
  replyMutant(
    { name: "data-null-is-empty", class: "data", lie: "null data comes back as empty data", ops: ["getData"] },
    ({ body }) => {
      const record = asRecord(body);
      if (record?.data === null) record.data = Buffer.alloc(0);
      return undefined;
    },
  ),
  replyMutant(
    { name: "data-empty-is-null", class: "data", lie: "empty data comes back as null", ops: ["getData"] },
    ({ body }) => {
      const record = asRecord(body);
      if ((record?.data as Uint8Array | null | undefined)?.length === 0 && record !== undefined) record.data = null;
      return undefined;
    },
  ),
  replyMutant(
    { name: "children-missing", class: "children", lie: "the last child is not listed", ops: childLists },
    ({ body }) => {
      (asRecord(body)?.children as string[] | undefined)?.pop();
      return undefined;
    },
  ),
  replyMutant(
    {
      ...{ name: "children-reserved-hidden", class: "children", rare: true },
      ...{ lie: "the root does not list what is reserved", ops: childLists },
    },
    ({ body }) => {
      const record = asRecord(body);
      const children = record?.children as string[] | undefined;
      if (record !== undefined && children?.includes("zookeeper"))
        record.children = children.filter((name) => name !== "zookeeper");
      return undefined;
    },
  ),
  replyMutant(
    { name: "children-twice", class: "children", lie: "the first child is listed twice", ops: childLists },
    ({ body }) => {
      const children = asRecord(body)?.children as string[] | undefined;
      if (children?.[0] !== undefined) children.push(children[0]);
      return undefined;
    },
  ),
  replyMutant(
    {
      name: "children-counted-deep",
      class: "children",
      lie: "getAllChildrenNumber counts the znode itself",
      ops: ["getAllChildrenNumber"],
    },
    ({ body }) => {
      const record = asRecord(body);
      if (record !== undefined) record.totalNumber = Number(record.totalNumber) + 1;
      return undefined;
    },
  ),
  replyMutant(
    { name: "ephemerals-missing", class: "children", lie: "getEphemerals forgets one", ops: ["getEphemerals"] },
    ({ body }) => {
      (asRecord(body)?.ephemerals as string[] | undefined)?.pop();
      return undefined;
    },
  ),
  replyMutant(
    { name: "acl-leaks", class: "acl", lie: "getACL shows one entry too few", ops: ["getACL"] },
    ({ body }) => {
      (asRecord(body)?.acl as unknown[] | undefined)?.pop();
      return undefined;
    },
  ),
  mutant(
    { name: "acl-not-enforced", class: "acl", lie: "what may not be read reads as empty", rare: true },
    {
      frame: (frame, { op }) => {
        if (op !== "getData" || frame.readInt32BE(12) !== errorCodes.NOAUTH) return frame;
        const answer = Buffer.concat([frame, Buffer.alloc(4 + 68)]);
        answer.writeInt32BE(errorCodes.OK, 12);
        return answer;
      },
    },
  ),
  multiMutant(
    "multi-later-codes",
    "operations behind the failed one answer OK instead of RUNTIMEINCONSISTENCY",
    (items) => {
      for (const item of items)
        if (item.body.err === errorCodes.RUNTIMEINCONSISTENCY) {
          item.body.err = errorCodes.OK;
          item.header.err = errorCodes.OK;
        }
    },
  ),
  multiMutant("multi-last-result", "the last result of a successful multi is missing", (items) => {
    if (!hasFailed(items) && items.length > 1) items.pop();
  }),
  multiMutant("multi-all-failed", "every result of a failed multi bears the error", (items) => {
    const error = items.find(({ body }) => Number(body.err) < errorCodes.RUNTIMEINCONSISTENCY)?.body.err;
    for (const item of items)
      if (error !== undefined && item.header.type === -1) Object.assign(item.body, { err: error });
  }),
  mutant(
    { name: "multi-bare-error", class: "multi", lie: "a failed multi answers one bare error" },
    {
      frame: (frame, { op }) => {
        if (op !== "multi" || frame.length < 29 || frame.readInt32BE(12) !== 0 || frame.readInt32BE(16) !== -1)
          return frame;
        return bareError(frame, errorCodes.NONODE);
      },
    },
  ),
  replyMutant(
    {
      name: "zxid-repeats",
      class: "zxid",
      lie: "a write shows the zxid of the write before",
      ops: [...creates, "setData", "delete"],
    },
    ({ header, memory }) => {
      if (header.err !== 0) return undefined;
      const before = memory.get("zxid") as Int64 | undefined;
      memory.set("zxid", header.zxid);
      if (before !== undefined) header.zxid = before;
      return undefined;
    },
  ),
  mutant(
    { name: "zxid-backwards", class: "zxid", lie: "each fifth read shows an old zxid" },
    {
      reply: ({ request, header, memory }) => {
        if (request.op !== "exists" && request.op !== "getData") return undefined;
        if (nth(memory, "reads") % 5 === 0) header.zxid = 1;
        return undefined;
      },
    },
  ),
  mutant(
    { name: "zxid-zero", class: "zxid", lie: "replies to sync bear zxid 0" },
    {
      frame: (frame, { op }) => (op === "sync" ? putLong(frame, 4, 0) : frame),
    },
  ),
  mutant(
    { name: "layout-body-short", class: "layout", lie: "addWatch's reply lacks its four bytes" },
    {
      frame: (frame, { op }) => (op === "addWatch" && frame.length > 16 ? frame.subarray(0, 16) : frame),
    },
  ),
  mutant(
    { name: "layout-stat-short", class: "layout", lie: "setData's Stat lacks its last 4 bytes" },
    {
      frame: (frame, { op }) => (op === "setData" && frame.length > 20 ? frame.subarray(0, -4) : frame),
    },
  ),
  mutant(
    { name: "layout-extra-bytes", class: "layout", lie: "four bytes too many behind each exists reply" },
    {
      frame: (frame, { op }) => (op === "exists" ? Buffer.concat([frame, Buffer.alloc(4)]) : frame),
    },
  ),
  mutant(
    { name: "layout-error-body", class: "layout", lie: "error replies carry a body" },
    {
      frame: (frame) =>
        frame.readInt32BE(12) < 0 && frame.length === 16 ? Buffer.concat([frame, Buffer.alloc(4)]) : frame,
    },
  ),
  replyMutant(
    { name: "reply-wrong-xid", class: "layout", lie: "getACL answers under another xid", ops: ["getACL"] },
    ({ header }) => {
      header.xid += 1_000_000;
      return undefined;
    },
  ),
  replyMutant({ name: "reply-dropped", class: "liveness", lie: "sync is never answered", ops: ["sync"] }, () => "drop"),
  replyMutant(
    { name: "reply-hangs-up", class: "liveness", lie: "a failed setACL closes the connection", ops: ["setACL"] },
    ({ header }) => (header.err === 0 ? undefined : "hangUp"),
  ),
];

/** Lies that nothing generated used to ask about, found by trying other people's. */
import { errorCodes } from "../../src/protocol/error-codes.ts";
import { nameOf, parentOf } from "../../src/protocol/paths.ts";
import { asRecord, bareError } from "./lying.ts";
import { type Mutant, mutant, replyMutant } from "./mutant.ts";

export const oversightMutants: readonly Mutant[] = [
  replyMutant(
    {
      ...{ name: "data-cut-at-nul", class: "data", rare: true, ops: ["getData"] },
      lie: "data ends at a NUL that is not its first byte",
    },
    ({ body }) => {
      const record = asRecord(body);
      if (!(record?.data instanceof Uint8Array)) return undefined;
      const at = record.data.indexOf(0, 1);
      if (at > 0) record.data = record.data.subarray(0, at);
      return undefined;
    },
  ),
  mutant(
    { name: "data-long-refused", class: "data", lie: "a setData of 64 KiB is answered BADARGUMENTS", rare: true },
    {
      frame: (frame, { op, operations }) => {
        const data = operations?.[0]?.fields.data;
        const isMeant = op === "setData" && data instanceof Uint8Array && data.length >= 65_536;
        if (!isMeant || frame.readInt32BE(12) !== errorCodes.OK) return frame;
        return bareError(frame, errorCodes.BADARGUMENTS);
      },
    },
  ),
  replyMutant(
    {
      ...{ name: "name-space-trimmed", class: "name", rare: true, ops: ["create", "create2"] },
      lie: "a created name is shown without the space at its end",
    },
    ({ body }) => {
      const record = asRecord(body);
      if (typeof record?.path === "string") record.path = record.path.trimEnd();
      return undefined;
    },
  ),
  replyMutant(
    {
      ...{ name: "children-of-namesakes", class: "children", rare: true, ops: ["getChildren", "getChildren2"] },
      lie: "the children of /a are those of /ab, too",
    },
    ({ request, body, world }) => {
      const path = String(request.operations?.[0]?.fields.path);
      const namesakes = world.childrenOf(parentOf(path)).filter((one) => one.startsWith(path) && one !== path);
      const names = namesakes.flatMap((one) => world.childrenOf(one)).map(nameOf);
      (asRecord(body)?.children as string[] | undefined)?.push(...names);
      return undefined;
    },
  ),
  replyMutant(
    {
      ...{ name: "ephemerals-of-no-prefix", class: "ephemeral", rare: true, ops: ["getEphemerals"] },
      lie: "getEphemerals without a prefix shows none",
    },
    ({ request, body }) => {
      const prefix = request.operations?.[0]?.fields.prefixPath;
      const isNone = typeof prefix !== "string" || prefix.trim() === "";
      if (isNone) (asRecord(body)?.ephemerals as string[] | undefined)?.splice(0);
      return undefined;
    },
  ),
  mutant(
    { name: "layout-ping-xid", class: "layout", lie: "a ping is answered under the xid that it bore", rare: true },
    {
      frame: (frame, { op, frame: asked }) => {
        if (op === "ping") asked.copy(frame, 0, 0, 4);
        return frame;
      },
    },
  ),
  mutant(
    { name: "session-timeout-rounded", class: "session", lie: "timeouts are rounded up to whole seconds", rare: true },
    {
      opened: (raw) => {
        raw.writeInt32BE(Math.ceil(raw.readInt32BE(4) / 1_000) * 1_000, 4);
        return raw;
      },
    },
  ),
  mutant(
    {
      name: "liveness-unknown-opcode",
      class: "liveness",
      lie: "an unknown opcode does not end the connection",
      rare: true,
    },
    {
      request: ({ op, frame }, { memory }) => {
        if (op === undefined) memory.set("unknown", true);
        return frame;
      },
      muffles: ({ memory }) => memory.has("unknown"),
    },
  ),
];

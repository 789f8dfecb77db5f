/** Lies that show only with much of one thing. */
import { asRecord, nth } from "./lying.ts";
import { type Mutant, mutant, replyMutant, statMutant } from "./mutant.ts";

/** Of an answer's parts, these count for more than one digit. */
const digit = 10;

export const massMutants: readonly Mutant[] = [
  statMutant(
    "stat-version-in-a-byte",
    "a version is a signed byte",
    (stat) => {
      stat.version = (stat.version << 24) >> 24;
    },
    true,
  ),
  replyMutant(
    {
      ...{ name: "data-length-in-two-bytes", class: "data", rare: true, ops: ["getData"] },
      lie: "data is cut as if its length had two bytes",
    },
    ({ body }) => {
      const record = asRecord(body);
      if (record?.data instanceof Uint8Array) record.data = record.data.subarray(0, record.data.length % 65_536);
      return undefined;
    },
  ),
  replyMutant(
    {
      ...{ name: "multi-read-in-a-digit", class: "multi", rare: true, ops: ["multiRead"] },
      lie: "the results of a multiRead behind the tenth are without data",
    },
    ({ body }) => {
      for (const { body: result } of Array.isArray(body) ? body.slice(digit) : [])
        if ("data" in result) result.data = Buffer.alloc(0);
      return undefined;
    },
  ),
  replyMutant(
    {
      ...{ name: "ephemerals-in-a-digit", class: "ephemeral", rare: true, ops: ["getEphemerals"] },
      lie: "getEphemerals shows ten at most",
    },
    ({ body }) => {
      (asRecord(body)?.ephemerals as string[] | undefined)?.splice(digit);
      return undefined;
    },
  ),
  mutant(
    { name: "watch-hundredth", class: "watch", lie: "from the hundredth event on, a connection gets none", rare: true },
    {
      event: (event, { memory }) => ({ now: nth(memory, "events") < 100 ? [event] : [] }),
    },
  ),
];

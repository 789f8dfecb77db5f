/** Lies about content, names, children and ephemerals that need a state which takes several steps to reach. */

import { parentOf } from "../../src/protocol/paths.ts";
import { isSequential } from "../crosscheck/request.ts";
import { asRecord } from "./lying.ts";
import { type Mutant, replyMutant } from "./mutant.ts";
import { doneBy } from "./world.ts";

type Facts = Parameters<typeof replyMutant>[0];

const creates = ["create", "create2"];
const childLists = ["getChildren", "getChildren2"];

/** A rare lie. */
const rareMutant = (facts: Omit<Facts, "rare">, change: Parameters<typeof replyMutant>[1]): Mutant =>
  replyMutant({ ...facts, rare: true }, change);

/** A lie about what getData shows; `change` answers the bytes to show instead, or undefined. */
const dataMutant = (
  name: string,
  lie: string,
  change: (data: Uint8Array | null, reply: Parameters<Parameters<typeof replyMutant>[1]>[0]) => Buffer | undefined,
): Mutant =>
  rareMutant({ name, class: "data", lie, ops: ["getData"] }, (reply) => {
    const record = asRecord(reply.body);
    const instead = record === undefined ? undefined : change(record.data as Uint8Array | null, reply);
    if (record !== undefined && instead !== undefined) record.data = instead;
    return undefined;
  });

/** A lie about a list of children. */
const listMutant = (
  name: string,
  lie: string,
  change: (children: string[], reply: Parameters<Parameters<typeof replyMutant>[1]>[0], path: string) => void,
): Mutant =>
  rareMutant({ name, class: "children", lie, ops: childLists }, (reply) => {
    const children = asRecord(reply.body)?.children as string[] | undefined;
    if (children !== undefined) change(children, reply, String(reply.request.operations?.[0]?.fields.path));
    return undefined;
  });

/** Data, names, children, ephemerals. */
export const pastContentMutants: readonly Mutant[] = [
  dataMutant("data-null-later", "null that replaces something reads as empty", (data, { body }) => {
    const version = (asRecord(body)?.stat as { version: number } | undefined)?.version ?? 0;
    return data === null && version > 0 ? Buffer.alloc(0) : undefined;
  }),
  dataMutant("data-large", "data over 1000 bytes loses its last byte", (data) =>
    data !== null && data.length > 1_000 ? Buffer.from(data.subarray(0, -1)) : undefined,
  ),
  dataMutant("data-bytes-as-text", "bytes that are no UTF-8 come back replaced", (data) =>
    data?.includes(0xff) ? Buffer.from(Buffer.from(data).toString("utf8")) : undefined,
  ),
  dataMutant("data-of-multi", "what a multi wrote reads with a byte too many", (data, { world, request }) =>
    data !== null && data.length > 0 && world.at(request.operations?.[0]?.fields.path).isMultis
      ? Buffer.concat([data, Buffer.alloc(1)])
      : undefined,
  ),
  dataMutant("data-reborn", "a znode made again without data shows some", (data, { world, request }) =>
    data?.length === 0 && world.at(request.operations?.[0]?.fields.path).births > 1 ? Buffer.from("x") : undefined,
  ),
  rareMutant(
    { name: "name-sequence-reused", class: "name", lie: "deleted children give their numbers back", ops: creates },
    ({ request, body, world }) => {
      const record = asRecord(body);
      const operation = request.operations?.[0];
      if (record === undefined || operation === undefined || !isSequential(operation)) return undefined;
      const path = String(record.path);
      const { childDeaths } = world.at(parentOf(path));
      record.path = path.slice(0, -10) + String(Number(path.slice(-10)) - childDeaths).padStart(10, "0");
      return undefined;
    },
  ),
  rareMutant(
    {
      name: "name-sequence-in-multi",
      class: "name",
      lie: "a multi's sequential names are a digit short",
      ops: ["multi"],
    },
    ({ request, body }) => {
      for (const { operation, body: own } of doneBy(request, body))
        if (isSequential(operation) && typeof own?.path === "string")
          own.path = `${own.path.slice(0, -10)}${own.path.slice(-9)}`;
      return undefined;
    },
  ),
  listMutant("children-fourth", "of four and more children the last is not listed", (children) => {
    if (children.length >= 4) children.pop();
  }),
  listMutant("children-reborn", "a child that was made again is not listed", (children, { world }, path) => {
    const at = children.findIndex((name) => world.at(`${path}/${name}`).births > 1);
    if (at >= 0) children.splice(at, 1);
  }),
  listMutant("children-beyond-ascii", "names beyond ASCII are listed with question marks", (children) => {
    for (const [i, name] of children.entries()) children[i] = name.replace(/[^\0-\x7f]/g, "?");
  }),
  rareMutant(
    {
      name: "ephemerals-of-others-deleted",
      class: "ephemeral",
      lie: "an ephemeral that another session deleted is still listed",
      ops: ["getEphemerals"],
    },
    ({ body, world, session, request }) => {
      const list = asRecord(body)?.ephemerals as string[] | undefined;
      const prefix = String(request.operations?.[0]?.fields.prefixPath);
      const gone = world.foreignDeaths(session).find((path) => path.startsWith(prefix));
      if (gone !== undefined && list !== undefined) list.push(gone);
      return undefined;
    },
  ),
  rareMutant(
    {
      name: "ephemerals-resumed",
      class: "ephemeral",
      lie: "a resumed session forgets its ephemerals",
      ops: ["getEphemerals"],
    },
    ({ body, resumes }) => {
      if (resumes > 0) (asRecord(body)?.ephemerals as string[] | undefined)?.splice(0);
      return undefined;
    },
  ),
];

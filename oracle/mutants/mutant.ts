/** What a mutant is: a server that lies in one named way. The judge is judged by how many it catches. */
import type { Backend } from "../../src/backend.ts";
import type { Stat } from "../../src/protocol/records.ts";
import { type Lie, type LyingReply, lying, statsIn } from "./lying.ts";

/** What part of the contract a lie breaks. */
export type MutantClass =
  | "error"
  | "stat"
  | "data"
  | "children"
  | "name"
  | "watch"
  | "session"
  | "acl"
  | "multi"
  | "zxid"
  | "layout"
  | "ephemeral"
  | "persistent"
  | "handshake"
  | "quota"
  | "reaping"
  | "liveness";

export interface Mutant {
  /** Kebab-case, unique. */
  readonly name: string;
  readonly class: MutantClass;
  /** What it does, in words. */
  readonly lie: string;
  /** Shows only in states that random traffic seldom reaches. */
  readonly rare: boolean;
  wrap(backend: Backend): Backend;
}

/** Declares a mutant. */
export const mutant = (facts: Omit<Mutant, "wrap" | "rare"> & { readonly rare?: boolean }, lie: Lie): Mutant => ({
  rare: false,
  ...facts,
  wrap: (backend) => lying(backend, facts.name, lie),
});

/** A lie about every Stat that a reply shows. */
export const statMutant = (
  name: string,
  lie: string,
  change: (stat: Stat, reply: LyingReply) => void,
  rare = false,
): Mutant =>
  mutant(
    { name, class: "stat", lie, rare },
    {
      reply: (reply) => {
        for (const stat of statsIn(reply.body)) change(stat, reply);
        return undefined;
      },
    },
  );

/** A lie about the replies to some operations. */
export const replyMutant = (
  facts: Omit<Mutant, "wrap" | "rare"> & { readonly rare?: boolean; readonly ops: readonly string[] },
  change: NonNullable<Lie["reply"]>,
): Mutant => {
  const { ops, ...rest } = facts;
  return mutant(rest, { reply: (reply) => (ops.includes(reply.request.op ?? "") ? change(reply) : undefined) });
};

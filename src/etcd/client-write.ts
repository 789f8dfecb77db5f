/** A client's write on its way through the committer, and its reply. */
import type { SequenceItem } from "../jute/kinds.ts";
import { errorCodes } from "../protocol/error-codes.ts";
import { MultiResponse } from "../protocol/multi.ts";
import { type OpName, opcodes } from "../protocol/opcodes.ts";
import type { Change } from "./changes.ts";
import type { Draft } from "./draft.ts";
import type { Write } from "./prepared-batch.ts";
import { bareReply, refusedMultiReply, replyWith } from "./replies.ts";
import type { Tree } from "./tree.ts";
import type { Author, Judgement, Part, WriteRequest } from "./writes.ts";
import { statOf } from "./znode.ts";

/** The connection that a write answers to. */
export interface WriteOwner {
  readonly tree: Tree;
  /** Whether the session still exists, in this draft, and is served by this proxy. */
  mayWrite(draft: Draft): boolean;
  answer(frame: Buffer): void;
  /** The client must not get an answer: session gone or moved, or fate unknown. */
  drop(cause: Error): void;
}

/** What a part answers with, once applied. */
function bodyOf(part: Part, tree: Tree): Record<string, unknown> {
  const { change } = part;
  if (change === null || !("path" in change) || change.is === "delete") return {};
  const node = tree.get(change.path);
  const stat = node === undefined ? undefined : statOf(node);
  return change.is === "create" ? { path: change.path, stat } : { stat };
}

/** create, delete, setData, setACL, multi and their like. */
export class ClientWrite implements Write {
  readonly bytes: number;
  readonly #owner: WriteOwner;
  readonly #author: Author;
  readonly #request: WriteRequest;
  readonly #op: OpName;
  readonly #xid: number;
  #judgement: Judgement = { reply: "single", parts: [] };
  #changing: Part[] = [];
  #bodies = new Map<Part, Record<string, unknown>>();
  #isDropped = false;

  constructor(
    owner: WriteOwner,
    author: Author,
    request: { op: OpName; xid: number; bytes: number; decoded: WriteRequest },
  ) {
    this.#owner = owner;
    this.#author = author;
    this.#request = request.decoded;
    this.#op = request.op;
    this.#xid = request.xid;
    this.bytes = request.bytes;
  }

  prepare(draft: Draft, at: { zxid: number; timeMs: number }): readonly Change[] | null {
    this.#isDropped = !this.#owner.mayWrite(draft);
    if (this.#isDropped) return null;
    this.#judgement = this.#request.judge(draft, this.#author, at);
    const { parts } = this.#judgement;
    if (parts.some((part) => part.code !== errorCodes.OK)) return null;
    this.#changing = parts.filter((part) => part.change !== null);
    return this.#changing.flatMap((part) => (part.change === null ? [] : [part.change]));
  }

  changed(index: number): void {
    const part = this.#changing[index];
    if (part !== undefined) this.#bodies.set(part, bodyOf(part, this.#owner.tree));
  }

  settled(zxid: number): void {
    if (this.#isDropped) return this.#owner.drop(new Error("the session is closed or has moved"));
    this.#owner.answer(this.#reply(zxid));
  }

  lost(cause: Error): void {
    this.#owner.drop(cause);
  }

  #reply(zxid: number): Buffer {
    switch (this.#judgement.reply) {
      case "single":
        return this.#singleReply(zxid);
      case "multi":
        return this.#multiReply(zxid);
      case "refused-multi":
        return refusedMultiReply(this.#xid, zxid, this.#judgement.parts[0]?.code ?? errorCodes.SYSTEMERROR);
    }
  }

  #singleReply(zxid: number): Buffer {
    const [part] = this.#judgement.parts;
    const code = part?.code ?? errorCodes.SYSTEMERROR;
    if (part === undefined || code !== errorCodes.OK) return bareReply(this.#xid, zxid, code);
    return replyWith(this.#xid, zxid, { schema: opcodes[this.#op].reply, value: this.#bodies.get(part) ?? {} });
  }

  /** The header says OK even when the multi failed; the codes stand in the body. */
  #multiReply(zxid: number): Buffer {
    const value: SequenceItem[] = this.#judgement.parts.map((part) =>
      part.type === -1
        ? { header: { type: -1, done: false, err: part.code }, body: { err: part.code } }
        : { header: { type: part.type, done: false, err: 0 }, body: this.#bodies.get(part) ?? {} },
    );
    return replyWith(this.#xid, zxid, { schema: MultiResponse, value });
  }
}

/** A server for tests of what stands before one: no tree, no rules, and a list of all that it was asked. */
import type { Downstream } from "../src/backend.ts";
import { Reader, Writer } from "../src/jute/buffers.ts";
import { read, write } from "../src/jute/codec.ts";
import type { Int64 } from "../src/jute/int64.ts";
import { encodeConnectResponse } from "../src/protocol/connect.ts";
import { createFlags, opcodes, opName, xids } from "../src/protocol/opcodes.ts";
import { ReplyHeader, RequestHeader } from "../src/protocol/records.ts";
import type { Door } from "./connection.ts";

/** What is looked at in a request. */
interface Asked {
  readonly path?: string;
  readonly version?: number;
  readonly flags?: number;
  readonly relativeZxid?: Int64;
}

/** A server that says yes to everything, notes what it was asked, and answers as late as it is told to: the n-th request with the zxid n. */
export class AgreeableDoor implements Door {
  readonly log: string[] = [];
  #sessions = 0;
  #zxid = 0;
  readonly #laterMs: number;
  /** What it refuses: operation and path. */
  readonly refuses = new Map<string, number>();

  /** Whether it hangs up on a resume without an answer. */
  isMute = false;

  constructor(laterMs = 0) {
    this.#laterMs = laterMs;
  }

  open: Door["open"] = async (as, hello, downstream) => {
    const isWrong = hello.request.sessionId !== 0 && (hello.request.passwd?.[0] ?? 0) !== 7;
    const id = hello.request.sessionId === 0 ? ++this.#sessions : hello.request.sessionId;
    this.log.push(`${as.session} connect ${hello.request.sessionId === 0 ? "new" : "resume"}`);
    const granted = { protocolVersion: 0, timeOut: 30_000, sessionId: id, passwd: Buffer.alloc(16, 7) };
    if (isWrong) return { is: "refused", raw: encodeConnectResponse({ ...granted, timeOut: 0 }) };
    if (this.isMute && hello.request.sessionId !== 0) return { is: "closed", reason: "mute" };
    const session = {
      granted,
      submit: (frame: Buffer) => this.#answer(as.session, frame, downstream),
      close: () => void this.log.push(`${as.session} gone`),
    };
    return { is: "granted", session, raw: encodeConnectResponse(granted) };
  };

  settled = async () => undefined;

  #answer(session: string, frame: Buffer, downstream: Downstream): void {
    const reader = new Reader(frame);
    const { xid, type } = read(RequestHeader, reader);
    const op = opName(type) ?? "create";
    const body = read(opcodes[op].request, reader) as Asked;
    const what = body.path === undefined ? op : `${op} ${body.path}`;
    const quoted = body.version === undefined ? "" : ` v${body.version}`;
    const since = body.relativeZxid === undefined ? "" : ` since ${body.relativeZxid}`;
    this.log.push(`${session} ${what}${quoted}${since}`);
    const isNumbered = ((body.flags ?? 0) & createFlags.persistentSequential) !== 0;
    const err = this.refuses.get(what) ?? 0;
    const writer = new Writer();
    write(ReplyHeader, writer, { xid: op === "ping" ? xids.ping : xid, zxid: ++this.#zxid, err });
    if (err === 0 && op === "create")
      write(opcodes.create.reply, writer, { path: `${body.path}${isNumbered ? "7" : ""}` });
    const reply = writer.copy();
    setTimeout(() => {
      downstream.send(reply);
      if (op === "closeSession" || err === -115) downstream.end();
    }, this.#laterMs);
  }
}

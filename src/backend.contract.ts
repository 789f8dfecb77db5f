/** What every backend must do, whatever stands behind it. Each test has a root znode of its own and needs nothing of a fresh server. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Backend, BackendSession, Opened } from "./backend.ts";
import { Writer } from "./jute/buffers.ts";
import type { Int64 } from "./jute/int64.ts";
import { decodeReply, encodeRequest, type Reply } from "./protocol/client.ts";
import { type ConnectRequest, decodeConnectResponse, encodeConnectRequest } from "./protocol/connect.ts";
import { errorCodes } from "./protocol/error-codes.ts";
import { multiOp } from "./protocol/multi.ts";
import { type OpName, opcodes, type RequestOf, xids } from "./protocol/opcodes.ts";

/** A backend to be tried, and how it was set up. */
export interface Subject {
  readonly backend: Backend;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** Ends it and all it stands on. */
  close(): Promise<void>;
}

/** A requirement that a backend is known not to meet, and why. Once it does, the gap itself is the failure. */
export interface Gap {
  readonly test: string;
  readonly why: string;
}

const waitMs = 5_000;
const acl = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];

/** One connection on a backend, as the server in front would hold it. */
export class SeamClient {
  readonly frames: Buffer[] = [];
  session!: BackendSession;
  hasEnded = false;
  #xid = 0;
  #wake: (() => void)[] = [];

  /** Shakes hands; the connection is returned whatever came of it. */
  static async open(
    backend: Backend,
    hello: Partial<ConnectRequest> = {},
  ): Promise<{ opened: Opened; client: SeamClient }> {
    const client = new SeamClient();
    const blank = { protocolVersion: 0, lastZxidSeen: 0, timeOut: 6_000, sessionId: 0, passwd: new Uint8Array(16) };
    const request: ConnectRequest = { ...blank, readOnly: false, ...hello };
    const opened = await backend.open(
      { request, raw: encodeConnectRequest(request), peer: { address: "127.0.0.1", port: 1 } },
      {
        queuedBytes: 0,
        send: (frame) => {
          if (!client.hasEnded) client.frames.push(Buffer.from(frame));
          client.#stir();
        },
        end: () => {
          client.hasEnded = true;
          client.#stir();
        },
      },
    );
    if (opened.is === "granted") client.session = opened.session;
    return { opened, client };
  }

  /** A client with a session, new unless `hello` names one. */
  static async granted(backend: Backend, hello: Partial<ConnectRequest> = {}): Promise<SeamClient> {
    const { opened, client } = await SeamClient.open(backend, hello);
    if (opened.is !== "granted") throw new Error(`no session: ${JSON.stringify(opened)}`);
    return client;
  }

  get id(): Int64 {
    return this.session.granted.sessionId;
  }

  /** What it takes to resume this session. */
  get ticket(): { sessionId: Int64; passwd: Uint8Array } {
    return { sessionId: this.id, passwd: this.session.granted.passwd ?? new Uint8Array() };
  }

  /** Sends without waiting; answers the xid. */
  send<Op extends OpName>(op: Op, body: RequestOf<Op>): number {
    const xid = ++this.#xid;
    this.sendRaw(encodeRequest(new Writer(), xid, op, body));
    return xid;
  }

  sendRaw(frame: Uint8Array): void {
    this.session.submit(Buffer.from(frame));
  }

  async call<Op extends OpName>(op: Op, body: RequestOf<Op>): Promise<Reply<Op>> {
    const xid = this.send(op, body);
    return this.reply(op, op === "ping" ? xids.ping : xid);
  }

  /** The reply with this xid, once it is there. */
  async reply<Op extends OpName>(op: Op, xid: number): Promise<Reply<Op>> {
    const find = (): Buffer | undefined => this.frames.find((frame) => frame.readInt32BE(0) === xid);
    await this.until(() => find() !== undefined || this.hasEnded);
    const frame = find();
    if (frame === undefined) throw new Error(`the connection ended before the reply to ${op}`);
    return decodeReply(op, frame);
  }

  /** Waits until `isSo`, which is asked again after each frame. */
  async until(isSo: () => boolean): Promise<void> {
    const endMs = Date.now() + waitMs;
    while (!isSo()) {
      if (Date.now() > endMs) throw new Error(`waited ${waitMs} ms in vain: ${isSo}`);
      await Promise.race([new Promise<void>((resolve) => this.#wake.push(resolve)), sleep(50)]);
    }
  }

  /** The connection goes; the session stays. */
  leave(): void {
    this.hasEnded = true;
    this.session.close("client");
  }

  /** xids in the order of arrival, −1 for events. */
  get order(): number[] {
    return this.frames.map((frame) => frame.readInt32BE(0));
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** Describes a backend by the contract. */
export function describeBackend(
  name: string,
  open: () => Promise<Subject>,
  { gaps }: { readonly gaps: readonly Gap[] },
): void {
  const requires = (what: string, work: () => Promise<void>): void => {
    const gap = gaps.find((one) => one.test === what);
    if (gap === undefined) test(what, work);
    else test.fails(`${what} (gap: ${gap.why})`, work);
  };
  describe(name, () => {
    let subject: Subject;
    let root: string;
    const granted = (hello?: Partial<ConnectRequest>) => SeamClient.granted(subject.backend, hello);
    const create = (path: string, flags = 0) => ({ path, data: Buffer.from("v0"), acl, flags });

    beforeAll(async () => {
      subject = await open();
    });
    afterAll(() => subject?.close());
    beforeEach(async () => {
      root = `/contract-${randomBytes(6).toString("hex")}`;
      const client = await granted();
      await client.call("create", create(root));
      await client.call("closeSession", {});
    });

    describe("a handshake", () => {
      requires("grants a new session with a password of sixteen bytes", async () => {
        const { opened } = await SeamClient.open(subject.backend);
        if (opened.is !== "granted") throw new Error(opened.is);
        const { granted: values } = opened.session;
        expect(values.timeOut).toBe(6_000);
        expect(values.sessionId).not.toBe(0);
        expect(values.passwd).toHaveLength(16);
        const { readOnly, ...sent } = decodeConnectResponse(opened.raw);
        expect({ ...sent, passwd: Buffer.from(sent.passwd ?? []) }).toMatchObject({
          timeOut: values.timeOut,
          sessionId: values.sessionId,
          passwd: Buffer.from(values.passwd ?? []),
        });
        expect(readOnly).toBe(false);
      });

      requires("answers an old client without the byte it did not send", async () => {
        const { readOnly: _, ...old } = {
          protocolVersion: 0,
          lastZxidSeen: 0,
          timeOut: 6_000,
          sessionId: 0,
          readOnly: false,
        };
        const raw = encodeConnectRequest({ ...old, passwd: new Uint8Array(16) });
        const opened = await subject.backend.open(
          { request: { ...old, passwd: new Uint8Array(16) }, raw, peer: { address: "127.0.0.1", port: 1 } },
          { queuedBytes: 0, send: () => undefined, end: () => undefined },
        );
        if (opened.is !== "granted") throw new Error(opened.is);
        expect(opened.raw).toHaveLength(36);
      });

      requires("clamps the timeout to the server's bounds", async () => {
        const { minSessionTimeoutMs, maxSessionTimeoutMs } = subject;
        for (const [asked, expected] of [
          [0, minSessionTimeoutMs],
          [-1, minSessionTimeoutMs],
          [minSessionTimeoutMs + 1, minSessionTimeoutMs + 1],
          [maxSessionTimeoutMs + 1, maxSessionTimeoutMs],
        ] as const)
          expect((await granted({ timeOut: asked })).session.granted.timeOut).toBe(expected);
      });

      requires("of a client that has seen the future gets no answer, and its session stays", async () => {
        const live = await granted();
        const { opened } = await SeamClient.open(subject.backend, { ...live.ticket, lastZxidSeen: 2n ** 62n });
        expect(opened.is).toBe("closed");
        expect((await live.call("ping", {})).header.err).toBe(0);
      });

      requires("resumes a session by its password, and ends its former connection", async () => {
        const first = await granted();
        await first.call("create", create(`${root}/eph`, 1));
        const second = await granted({ ...first.ticket, timeOut: 7_000 });
        expect(second.id).toBe(first.id);
        expect(second.session.granted.timeOut).toBe(7_000);
        expect(Buffer.from(second.ticket.passwd)).toEqual(Buffer.from(first.ticket.passwd));
        await first.until(() => first.hasEnded);
        const { body } = await second.call("exists", { path: `${root}/eph`, watch: false });
        expect(body?.stat?.ephemeralOwner).toBe(first.id);
      });

      requires("with a wrong password is refused and ends the live connection, not the session", async () => {
        const live = await granted();
        for (const passwd of [Buffer.alloc(16, 1), null, Buffer.alloc(3)]) {
          const { opened } = await SeamClient.open(subject.backend, { sessionId: live.id, passwd });
          expect(opened.is).toBe("refused");
          if (opened.is === "refused")
            expect(Buffer.from(opened.raw).toString("hex")).toBe(`${"0".repeat(32)}00000010${"0".repeat(34)}`);
        }
        await live.until(() => live.hasEnded);
        expect((await granted(live.ticket)).id).toBe(live.id);
      });

      requires("for a session that nobody knows is refused", async () => {
        const { opened } = await SeamClient.open(subject.backend, {
          sessionId: 0x5555n << 40n,
          passwd: Buffer.alloc(16),
        });
        expect(opened.is).toBe("refused");
      });

      requires("for a closed session is refused", async () => {
        const client = await granted();
        await client.call("closeSession", {});
        expect((await SeamClient.open(subject.backend, client.ticket)).opened.is).toBe("refused");
      });
    });

    describe("requests of one connection", () => {
      requires("are answered in order, each read behind the writes before it", async () => {
        const client = await granted();
        const path = `${root}/n`;
        client.send("create", create(path));
        const reads: number[] = [];
        for (let i = 1; i <= 50; i++) {
          client.send("setData", { path, data: Buffer.from(`v${i}`), version: i - 1 });
          reads.push(client.send("getData", { path, watch: false }));
          if (i % 10 === 0) client.send("sync", { path });
        }
        const replies = await Promise.all(reads.map((xid) => client.reply("getData", xid)));
        expect(replies.map(({ body }) => Buffer.from(body?.data ?? []).toString())).toEqual(
          reads.map((_, index) => `v${index + 1}`),
        );
        expect(client.order).toEqual(client.order.map((_, index) => index + 1));
      });

      requires("show zxids that never go back", async () => {
        const client = await granted();
        for (let i = 0; i < 20; i++) {
          client.send("create", create(`${root}/n${i % 3}`));
          client.send("delete", { path: `${root}/n0`, version: i % 2 });
          client.send("exists", { path: root, watch: false });
        }
        await client.until(() => client.frames.length === 60);
        const zxids = client.frames.map((frame) => frame.readBigInt64BE(4));
        expect(zxids).toEqual([...zxids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
      });

      requires("of an unknown kind answer UNIMPLEMENTED and end the connection, not the session", async () => {
        for (const opcode of [0, 10, 23, 99, -1]) {
          const client = await granted();
          const frame = Buffer.alloc(8);
          frame.writeInt32BE(77, 0);
          frame.writeInt32BE(opcode, 4);
          client.sendRaw(frame);
          await client.until(() => client.hasEnded);
          expect(client.frames.map((one) => one.toString("hex"))).toEqual([`0000004d${"f".repeat(16)}fffffffa`]);
          expect((await granted(client.ticket)).id).toBe(client.id);
        }
      });

      requires("that are malformed answer MARSHALLINGERROR in their turn and hurt nothing", async () => {
        const client = await granted();
        client.send("create", create(`${root}/n`));
        for (const op of ["create", "setData", "getData", "exists", "multi", "setWatches", "sync"] as const) {
          const frame = Buffer.alloc(10, 0x7f);
          frame.writeInt32BE(1_000 + opcodes[op].code, 0);
          frame.writeInt32BE(opcodes[op].code, 4);
          client.sendRaw(frame);
        }
        const last = await client.call("exists", { path: `${root}/n`, watch: false });
        expect(last.header.err).toBe(0);
        const codes = client.frames.slice(1, -1).map((frame) => [frame.length, frame.readInt32BE(12)]);
        expect(codes).toEqual(Array.from({ length: 7 }, () => [16, errorCodes.MARSHALLINGERROR]));
      });

      requires("of kind ping answer under their own xid, auth without a zxid, sync with its path", async () => {
        const client = await granted();
        expect((await client.call("ping", {})).header.xid).toBe(-2);
        const auth = await client.call("auth", { type: 0, scheme: "digest", auth: Buffer.from("u:p") });
        expect(auth.header).toMatchObject({ zxid: 0, err: 0 });
        expect((await client.call("sync", { path: "/nowhere//" })).body?.path).toBe("/nowhere//");
      });

      requires("of kind auth with an unknown scheme fail and end the connection, not the session", async () => {
        const client = await granted();
        client.send("auth", { type: 0, scheme: "nope", auth: Buffer.from("x") });
        await client.until(() => client.hasEnded);
        expect(client.frames.map((one) => one.readInt32BE(12))).toEqual([errorCodes.AUTHFAILED]);
        expect((await granted(client.ticket)).id).toBe(client.id);
      });
    });

    describe("events", () => {
      requires("come before the reply of the write that caused them", async () => {
        const client = await granted();
        client.send("getData", { path: root, watch: true });
        client.send("getChildren", { path: root, watch: true });
        client.send("setData", { path: root, data: null, version: -1 });
        const made = client.send("create", create(`${root}/n`));
        await client.reply("create", made);
        expect(client.order).toEqual([1, 2, -1, 3, -1, 4]);
      });

      requires("come before a read that shows their cause, on other connections too", async () => {
        const [writer, watcher] = [await granted(), await granted()];
        for (let i = 0; i < 20; i++) {
          await watcher.call("getData", { path: root, watch: true });
          await writer.call("setData", { path: root, data: Buffer.from(String(i)), version: -1 });
          const from = watcher.frames.length;
          const { body } = await watcher.call("getData", { path: root, watch: false });
          expect(Buffer.from(body?.data ?? []).toString()).toBe(String(i));
          expect(watcher.frames.slice(0, -1).filter((frame) => frame.readInt32BE(0) === -1)).toHaveLength(i + 1);
          expect(watcher.frames.length - from).toBeLessThanOrEqual(2);
        }
      });

      requires("are not told to a resumed session that has not asked again", async () => {
        const first = await granted();
        await first.call("getData", { path: root, watch: true });
        const second = await granted(first.ticket);
        await second.call("setData", { path: root, data: null, version: -1 });
        await second.call("getData", { path: root, watch: false });
        expect(second.order).not.toContain(-1);
      });
    });

    describe("closeSession", () => {
      requires("answers, ends the connection, takes the ephemerals along and is the last to be executed", async () => {
        const [client, other] = [await granted(), await granted()];
        await client.call("create", create(`${root}/eph`, 1));
        client.send("getData", { path: `${root}/eph`, watch: true });
        const close = client.send("closeSession", {});
        client.send("create", create(`${root}/late`));
        await client.until(() => client.hasEnded);
        // What follows in the same breath is not executed; a server may or may not say so.
        expect(client.order.slice(0, 4)).toEqual([1, 2, -1, close]);
        expect(client.frames.slice(4).every((frame) => frame.readInt32BE(12) !== 0)).toBe(true);
        await other.call("sync", { path: "/" });
        const { body } = await other.call("getChildren", { path: root, watch: false });
        expect(body?.children).toEqual([]);
      });

      requires("is not what a lost connection is: the session and its ephemerals stay", async () => {
        const [client, other] = [await granted(), await granted()];
        await client.call("create", create(`${root}/eph`, 1));
        client.leave();
        expect((await other.call("exists", { path: `${root}/eph`, watch: false })).header.err).toBe(0);
        expect((await granted(client.ticket)).id).toBe(client.id);
      });
    });

    describe("multi", () => {
      const make = (path: string) => multiOp(1, { path, data: null, acl, flags: 0 });
      const check = (path: string, version: number) => multiOp(13, { path, version });

      requires("that passes answers each operation, under one zxid", async () => {
        const client = await granted();
        const set = multiOp(5, { path: `${root}/a`, data: Buffer.from("x"), version: 0 });
        const { header, body } = await client.call("multi", [make(`${root}/a`), set, check(root, 0)] as never);
        expect(header.err).toBe(0);
        expect(body).toMatchObject([{ header: { type: 1 } }, { header: { type: 5 } }, { header: { type: 13 } }]);
        const { body: after } = await client.call("exists", { path: `${root}/a`, watch: false });
        expect(after?.stat).toMatchObject({ czxid: header.zxid, mzxid: header.zxid, version: 1 });
      });

      requires("that fails has a good header, all codes in its body, and changes nothing", async () => {
        const client = await granted();
        const ops = [make(`${root}/a`), check(root, 7), make(`${root}/b`)];
        const { header, body } = await client.call("multi", ops as never);
        expect(header.err).toBe(0);
        expect(body).toMatchObject([0, -103, -2].map((err) => ({ header: { type: -1, err }, body: { err } })));
        expect((await client.call("getChildren", { path: root, watch: false })).body?.children).toEqual([]);
      });

      requires("with an operation that may not stand there is malformed", async () => {
        const client = await granted();
        const { header, body } = await client.call("multi", [multiOp(4, { path: root, watch: false })] as never);
        expect([header.err, body]).toEqual([errorCodes.MARSHALLINGERROR, null]);
      });
    });

    requires("status tells a version and that it serves", async () => {
      const client = await granted();
      const made = await client.call("create", create(`${root}/n`));
      const status = subject.backend.status();
      expect(status.serving).toBe(true);
      expect(status.version).toMatch(/^\d+\.\d+\.\d+/);
      expect(BigInt(status.zxid)).toBeGreaterThanOrEqual(BigInt(made.header.zxid));
    });

    requires("lists the sessions it serves, and when their silence ends them", async () => {
      const client = await granted();
      const mine = subject.backend.list().sessions.find(({ id }) => id === client.session.granted.sessionId);
      const leftMs = (mine?.expiresAtMs ?? 0) - Date.now();
      expect(leftMs).toBeGreaterThan(client.session.granted.timeOut - 2_000);
      expect(leftMs).toBeLessThan(client.session.granted.timeOut + 5_000);
    });

    // Last, because nothing answers afterwards.
    requires("closing it opens no more", async () => {
      await subject.backend.close();
      expect((await SeamClient.open(subject.backend)).opened.is).toBe("closed");
    });
  });
}

import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Reader, Writer } from "../jute/buffers.ts";
import { read } from "../jute/codec.ts";
import { encodeRequest } from "../protocol/client.ts";
import { decodeConnectRequest, encodeConnectRequest } from "../protocol/connect.ts";
import { multiOp } from "../protocol/multi.ts";
import { type OpName, opcodes, type RequestOf } from "../protocol/opcodes.ts";
import { StandIns } from "./stand-ins.ts";

const frameOf = <Op extends OpName>(op: Op, body: RequestOf<Op>): Buffer =>
  Buffer.from(encodeRequest(new Writer(), 7, op, body));
const bodyOf = <Op extends OpName>(op: Op, frame: Buffer): RequestOf<Op> =>
  read(opcodes[op].request, new Reader(frame, 8)) as RequestOf<Op>;
const digestOf = (credentials: string) =>
  `${credentials.split(":")[0]}:${createHash("sha1").update(credentials).digest("base64")}`;
const textOf = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString();

const acl = (id: string, scheme = "digest") => [{ perms: 31, id: { scheme, id } }];
const creation = (data: string | null, id = "anyone", scheme = "world") => ({
  ...{ path: "/ä/😀", data: data === null ? null : Buffer.from(data), acl: acl(id, scheme), flags: 0 },
});

describe("stand-ins", () => {
  const more = Buffer.concat([
    frameOf("setData", { path: "/", data: Buffer.from("x"), version: 1 }),
    Buffer.from("more"),
  ]);
  test.each([
    ["a create's data", frameOf("create", creation("the data")), "all"],
    ["a create's digest", frameOf("create", creation(null, "joe:abc", "digest")), "credentials"],
    ["credentials", frameOf("auth", { type: 0, scheme: "digest", auth: Buffer.from("joe:password") }), "credentials"],
    ["a token", frameOf("sasl", { token: Buffer.from("a token") }), "credentials"],
    ["data in a multi", frameOf("multi", [multiOp(1, creation("in")), multiOp(13, { path: "/", version: 1 })]), "all"],
    ["what lies behind data", more, "all"],
    ["nothing of a read", frameOf("getData", { path: "/data", watch: true }), "never"],
  ] as const)("replace %s byte for byte", (_what, frame, from) => {
    const before = Buffer.from(frame);
    for (const redaction of ["none", "credentials", "all"] as const) {
      const replaced = new StandIns(redaction).request(frame);
      expect(replaced.length).toBe(frame.length);
      expect(replaced.subarray(0, 8)).toEqual(frame.subarray(0, 8));
      expect(replaced.equals(frame)).toBe(redaction !== from && !(redaction === "all" && from === "credentials"));
      expect(frame).toEqual(before);
    }
  });

  test("take data only when told so, equal for equal", () => {
    const create = (redaction: "credentials" | "all") => {
      const standIns = new StandIns(redaction);
      return ["one", "one", "two", "", null].map(
        (data) => bodyOf("create", standIns.request(frameOf("create", creation(data)))).data,
      );
    };
    expect(create("credentials").map(textOf)).toEqual(["one", "one", "two", "", ""]);
    const [one, again, two, empty, absent] = create("all");
    expect(textOf(one)).toMatch(/^[\da-f]{3}$/);
    expect([textOf(again), textOf(two) === textOf(one)]).toEqual([textOf(one), false]);
    expect([empty?.length, absent]).toEqual([0, null]);
  });

  test("let a digest's access control list follow its password", () => {
    const standIns = new StandIns("credentials");
    const auth = frameOf("auth", { type: 0, scheme: "digest", auth: Buffer.from("joe:secret:word") });
    const shown = textOf(bodyOf("auth", standIns.request(auth)).auth);
    expect(shown).toMatch(/^joe:[\da-f]{11}$/);
    const listed = (id: string, scheme = "digest") =>
      bodyOf("setACL", standIns.request(frameOf("setACL", { path: "/", acl: acl(id, scheme), version: 1 }))).acl?.[0]
        ?.id.id;
    expect(listed(digestOf("joe:secret:word"))).toBe(digestOf(shown));
    const stranger = digestOf("ann:unknown");
    expect(listed(stranger)).toMatch(/^ann:[\da-f]{28}$/);
    expect(listed("10.0.0.1", "ip")).toBe("10.0.0.1");
    expect(listed("::1", "ip")).toBe("::1");
  });

  test("tell a right session password from a wrong one, and leave that of nobody", () => {
    const standIns = new StandIns("credentials");
    const hello = (passwd: Buffer) => {
      const request = { protocolVersion: 0, lastZxidSeen: 9, timeOut: 4_000, sessionId: 5, passwd, readOnly: true };
      return decodeConnectRequest(standIns.hello(encodeConnectRequest(request)));
    };
    const right = Buffer.alloc(16, 3);
    expect(hello(right)).toMatchObject({ lastZxidSeen: 9, timeOut: 4_000, sessionId: 5, readOnly: true });
    expect(textOf(hello(right).passwd)).toBe(textOf(standIns.passwd(right)));
    expect(textOf(hello(right).passwd)).not.toBe(textOf(right));
    expect(textOf(hello(Buffer.alloc(16, 4)).passwd)).not.toBe(textOf(standIns.passwd(right)));
    expect(hello(Buffer.alloc(16)).passwd).toEqual(Buffer.alloc(16));
  });

  test("leave nothing of what they do not understand", () => {
    const standIns = new StandIns("credentials");
    const unknown = Buffer.from("\0\0\0\x01\0\0\x03\xe7secret", "latin1");
    const broken = frameOf("auth", { type: 0, scheme: "digest", auth: Buffer.from("joe:secret") }).subarray(0, -2);
    for (const frame of [unknown, broken])
      expect(
        standIns
          .request(frame)
          .subarray(8)
          .every((byte) => byte === 0),
      ).toBe(true);
  });

  test("are HMACs", () => {
    const [key, passwd] = [Buffer.alloc(32, 9), Buffer.alloc(64, 3)];
    const expected = createHmac("sha256", key).update(passwd).digest("hex");
    expect(textOf(new StandIns("credentials", key).passwd(passwd))).toBe(expected);
  });

  test("differ from recording to recording", () => {
    const passwd = Buffer.alloc(16, 3);
    expect(new StandIns("credentials").passwd(passwd)).not.toEqual(new StandIns("credentials").passwd(passwd));
  });
});

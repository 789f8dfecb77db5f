import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryOf } from "../jute/arbitrary.ts";
import { MalformedFrame } from "../jute/buffers.ts";
import * as c from "./connect.ts";

const zeros = "00".repeat(16);
const readOnly = fc.option(fc.boolean(), { nil: undefined });

describe.each([
  { name: "request", schema: c.ConnectRequest, encode: c.encodeConnectRequest, decode: c.decodeConnectRequest },
  { name: "response", schema: c.ConnectResponse, encode: c.encodeConnectResponse, decode: c.decodeConnectResponse },
] as const)("the connect $name", ({ schema, encode, decode }) => {
  test("decode after encode is identity, with and without the readOnly byte", () => {
    fc.assert(
      fc.property(arbitraryOf<typeof schema>(schema), readOnly, (fields, tail) => {
        const value = { ...fields, ...(tail === undefined ? {} : { readOnly: tail }) };
        expect(decode(encode(value as never))).toEqual(value);
      }),
    );
  });

  test("a cut inside the record is malformed", () => {
    fc.assert(
      fc.property(arbitraryOf<typeof schema>(schema), (value) => {
        const bytes = encode(value as never);
        for (let length = 0; length < bytes.length; length++)
          expect(() => decode(bytes.subarray(0, length))).toThrow(MalformedFrame);
      }),
      { numRuns: 20 },
    );
  });

  test("any nonzero byte is true, and what follows it is ignored", () => {
    const value = { protocolVersion: 0, lastZxidSeen: 0, timeOut: 1, sessionId: 0, passwd: null };
    const base = encode(value as never);
    expect(decode(Buffer.concat([base, Buffer.from([0])])).readOnly).toBe(false);
    expect(decode(Buffer.concat([base, Buffer.from([9, 1, 2])])).readOnly).toBe(true);
    expect("readOnly" in decode(base)).toBe(false);
  });
});

test("a fresh session's request, as clients send it", () => {
  const hello = {
    protocolVersion: 0,
    lastZxidSeen: 0,
    timeOut: 10_000,
    sessionId: 0,
    passwd: new Uint8Array(16),
    readOnly: false,
  };
  const hex = `00000000${"0".repeat(16)}00002710${"0".repeat(16)}00000010${zeros}00`;
  expect(c.encodeConnectRequest(hello).toString("hex")).toBe(hex);
  expect(c.encodeConnectRequest(hello)).toHaveLength(0x2d);
});

test("a refusal is timeout 0, session 0 and a password of zeros", () => {
  const { readOnly: _, ...refusal } = { ...c.refusal(), readOnly: false };
  expect(c.encodeConnectResponse({ ...refusal, readOnly: false }).toString("hex")).toBe(
    `0000000000000000${"0".repeat(16)}00000010${zeros}00`,
  );
  expect(c.encodeConnectResponse(refusal)).toHaveLength(0x24);
});

test("refusals do not share their password's bytes", () => {
  expect(c.refusal().passwd).not.toBe(c.refusal().passwd);
  expect(c.refusal().passwd).toHaveLength(c.passwordBytes);
});

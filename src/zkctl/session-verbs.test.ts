import { expect, test } from "vitest";
import { clientsOf } from "./config.ts";
import { sessionAnswer } from "./session-commands.ts";
import { sessionFrom } from "./session-verbs.ts";

test("a session's name reads back as it is printed, whatever its sign", () => {
  const password = Buffer.from("00112233445566778899aabbccddeeff", "hex");
  for (const sessionId of [0x12345670000, 2n ** 62n + 1n, -(2n ** 63n) + 5n]) {
    const { json, text } = sessionAnswer({
      granted: { protocolVersion: 0, timeOut: 4_000, sessionId, passwd: password },
    });
    expect(sessionFrom(String(json.session))).toEqual({ id: sessionId, password });
    expect(text).toEqual([`session ${json.session}`, "timeout 4000 ms"]);
  }
});

test.each(["", "0x1", "0x1:00", "1:00112233445566778899aabbccddeefg", "x:00112233445566778899aabbccddeeff"])(
  "%j names no session",
  (text) => {
    expect(() => sessionFrom(text)).toThrow("ID:PASSWORD");
  },
);

test("tells where clients connect", () => {
  const text = "server.1=a:2888:3888:participant;a:2181\nserver.2=b:2888:3888;0.0.0.0:2182\nversion=100000000";
  expect(clientsOf(text)).toEqual({ version: "100000000", servers: ["a:2181", "0.0.0.0:2182"] });
  expect(clientsOf("")).toEqual({ version: "", servers: [] });
});

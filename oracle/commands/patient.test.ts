import { expect, test } from "vitest";
import { newSession } from "../../scenarios/connection.ts";
import { encodeConnectRequest } from "../../src/protocol/connect.ts";
import { ScriptedServer } from "../crosscheck/scripted.fixture.ts";
import { patient } from "./patient.ts";

const request = newSession(4_000);
const hello = { request, raw: encodeConnectRequest(request), peer: { address: "127.0.0.1", port: 0 } };
const downstream = { send: () => undefined, end: () => undefined, queuedBytes: 0 };

/** A server behind patience of so many ms, and how often it was given up. */
function waitedFor(waitMs: number) {
  const server = new ScriptedServer("candidate", 1);
  const backend = patient(server, () => givenUp.push(Date.now()), waitMs);
  const givenUp: number[] = [];
  const gone = (isGone: boolean) => {
    server.serving = !isGone;
    server.answer = isGone ? "closed" : "granted";
  };
  return { gone, givenUp, open: () => backend.open(hello, downstream) };
}

test("a handshake waits for a server that is started again", async () => {
  const { gone, givenUp, open } = waitedFor(2_000);
  gone(true);
  setTimeout(gone, 250, false);
  expect(await Promise.all([open(), open()])).toMatchObject([{ is: "granted" }, { is: "granted" }]);
  expect(givenUp).toEqual([]);
});

test("one that does not come back is given up, and is tried once from then on", async () => {
  const { gone, givenUp, open } = waitedFor(200);
  gone(true);
  expect(await open()).toMatchObject({ is: "closed" });
  expect(givenUp.length).toBe(1);
  const started = performance.now();
  expect(await open()).toMatchObject({ is: "closed" });
  expect(performance.now() - started).toBeLessThan(90);
});

test("a server that is there and closes without a word is believed", async () => {
  const server = new ScriptedServer("candidate", 1);
  server.answer = "closed";
  const started = performance.now();
  expect(await patient(server, () => undefined).open(hello, downstream)).toMatchObject({ is: "closed" });
  expect(performance.now() - started).toBeLessThan(90);
});

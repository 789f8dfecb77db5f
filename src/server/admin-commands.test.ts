import { expect, test } from "vitest";
import { adminCommandNames, runAdminCommand } from "./admin-commands.ts";
import { requestFrame } from "./fake-backend.fixture.ts";
import { printJson } from "./json.ts";
import { FakeServer, framed } from "./wire.fixture.ts";

const run = (server: FakeServer, name: string, query = "") =>
  runAdminCommand(name, new URLSearchParams(query), server.view);

test("every command answers with its own name and no error, leader's apart", () => {
  const server = new FakeServer();
  const failing = adminCommandNames.filter((name) => run(server, name, "traceMask=1").error !== null);
  expect(failing).toEqual(["leader"]);
  expect(adminCommandNames.filter((name) => run(server, name).command !== name)).toEqual([]);
});

test.each([
  ["mntr", "monitor"],
  ["cons", "connections"],
  ["config", "configuration"],
  ["stmk", "set_trace_mask"],
])("%s is %s", (alias, name) => expect(run(new FakeServer(), alias).command).toBe(name));

test.each(["nope", "", "constructor", "__proto__"])("%j is unknown", (name) => {
  expect(run(new FakeServer(), name)).toEqual({ command: name, error: `Unknown command: ${name}` });
});

test("without service only ruok and environment know an answer", () => {
  const server = new FakeServer({ status: { serving: false } });
  expect(adminCommandNames.filter((name) => run(server, name).error === null)).toEqual(["environment", "ruok"]);
});

test("connections tell of their sessions, numbers of 64 bits digit by digit", async () => {
  const list = { sessions: [{ id: 0x100000000000001n, ephemerals: ["/e"], expiresAtMs: 4_000 }], watches: new Map() };
  const server = new FakeServer({ list });
  const client = await server.attachSession();
  await client.say(framed(requestFrame(7, 12)));
  expect(run(server, "connections")).toMatchObject({
    connections: [{ session_id: 1, last_operation: "GETC", last_cxid: 7, last_zxid: 5, packets_received: 2 }],
    secure_connections: [],
  });
  expect(printJson(run(server, "dump"))).toBe(`{
  "expiry_time_to_session_ids" : {
    "4000" : [ 72057594037927937 ]
  },
  "session_id_to_ephemeral_paths" : {
    "72057594037927937" : [ "/e" ]
  },
  "command" : "dump",
  "error" : null
}`);
});

test("the trace mask is the one that the words know", () => {
  const server = new FakeServer();
  expect(run(server, "set_trace_mask", "traceMask=-5")).toMatchObject({ tracemask: -5n });
  expect(run(server, "get_trace_mask")).toMatchObject({ tracemask: -5n });
  expect(run(server, "set_trace_mask", "traceMask=much").error).toBe("setTraceMask requires long traceMask argument");
});

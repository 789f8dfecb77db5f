import { expect, test } from "vitest";
import { replyFrame, requestFrame } from "./fake-backend.fixture.ts";
import { metricsPage } from "./metrics.ts";
import { FakeServer, framed } from "./wire.fixture.ts";

test("requests by opcode and result, latencies, gauges and the backend's own counters", async () => {
  const server = new FakeServer({
    onSubmit: (frame, { downstream }) => {
      const xid = frame.readInt32BE(0);
      server.clock.advance(xid === 1 ? 30 : 0);
      const reply = replyFrame(xid);
      if (xid === 3) reply.writeInt32BE(-101, 12);
      if (xid < 4) downstream.send(reply);
    },
  });
  const page = metricsPage(server.view);
  const client = await server.attachSession();
  for (const xid of [1, 2, 3, 4]) await client.say(framed(requestFrame(xid, xid === 4 ? 1 : 4)));
  server.context.stats.reset();
  const rows = (await page.text()).split("\n");
  expect(rows).toEqual(
    expect.arrayContaining([
      'zetcd_requests_total{op="createSession",result="OK"} 1',
      'zetcd_requests_total{op="getData",result="OK"} 2',
      'zetcd_requests_total{op="getData",result="NONODE"} 1',
      "# TYPE zetcd_request_duration_seconds histogram",
      'zetcd_request_duration_seconds_bucket{op="getData",le="0.02"} 2',
      'zetcd_request_duration_seconds_bucket{op="getData",le="0.05"} 3',
      'zetcd_request_duration_seconds_bucket{op="getData",le="+Inf"} 3',
      'zetcd_request_duration_seconds_sum{op="getData"} 0.03',
      'zetcd_request_duration_seconds_count{op="getData"} 3',
      "zetcd_outstanding_requests 1",
      'zetcd_connections{port="plain"} 1',
      'zetcd_connections{port="tls"} 0',
      "zetcd_znodes 18",
      "zetcd_watches 3",
      "zetcd_sessions 1",
      "zetcd_serving 1",
      "zetcd_fake_calls_total 7",
    ]),
  );
  expect(rows.some((row) => row.startsWith("process_resident_memory_bytes "))).toBe(true);
  expect((await page.text()).split("\n")).toContain('zetcd_requests_total{op="getData",result="OK"} 2');
});

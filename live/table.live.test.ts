import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PrintedTable } from "../oracle/table/print.ts";
import { connect } from "../src/protocol/client.ts";
import { runBin } from "./bin.fixture.ts";
import { type Pair, startPair } from "./pair.fixture.ts";

const home = mkdtempSync(join(tmpdir(), "zetcd-table-"));
let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(async () => {
  await pair.stop();
  rmSync(home, { recursive: true, force: true });
});

/** Runs `bin/xchk table`. */
async function table(...words: readonly string[]): Promise<{ code: number | null; out: string }> {
  const { code, out, err } = await runBin("xchk", ["table", ...words]);
  return { code, out: out + err };
}

const differing = ({ rows, fields }: PrintedTable) =>
  rows
    .filter(({ differs }) => differs)
    .map(({ operation, on, cells }) => ({
      of: `${operation} on ${on}`,
      fields: fields.filter((_, at) => cells[at]?.[0] !== cells[at]?.[1]),
    }));

test("two ZooKeepers behave alike, and nothing is left on them", async () => {
  const { code, out } = await table(...pair.flags, "--format", "json");
  expect(code, out).toBe(0);
  const printed = JSON.parse(out) as PrintedTable;
  expect(printed.rows.length).toBeGreaterThan(80);
  const row = (operation: string, on: string) => {
    const found = printed.rows.find((one) => one.operation === operation && one.on === on);
    return Object.fromEntries(printed.fields.map((field, at) => [field, found?.cells[at]?.[0]]));
  };
  // What ClickHouse issue 115457 is about: removals move the parent's pzxid, changes of data do not move its cversion.
  expect(row("delete", "parent")).toMatchObject({ pzxid: "op", cversion: "+1", numChildren: "-1", mzxid: "unchanged" });
  expect(row("setData", "parent")).toMatchObject({ pzxid: "unchanged", cversion: "unchanged" });
  // DataNode.copyStat keeps the special owners of containers and TTL znodes to itself.
  expect(row("createContainer", "node").ephemeralOwner).toBe("0");
  const [, port] = pair.oracle.split("127.0.0.1:");
  const opened = await connect({ host: "127.0.0.1", port: Number(port), timeoutMs: 4_000, connectWaitMs: 4_000 });
  if (opened.is !== "granted") throw new Error("no session");
  const { body } = await opened.client.call("getChildren", { path: "/", watch: false });
  opened.client.close();
  expect(body?.children).toEqual(["zookeeper"]);
});

test.each([
  ["stat-pzxid-stuck", "pzxid"],
  ["stat-cversion-creates", "cversion"],
  ["stat-owner-missing", "ephemeralOwner"],
  ["stat-version-ahead", "version"],
] as const)("the lie %s shows in %s alone", async (mutant, field) => {
  const { code, out } = await table(...pair.flags, "--mutant", mutant, "--format", "json");
  expect(code, out).toBe(1);
  const rows = differing(JSON.parse(out) as PrintedTable);
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) expect(row.fields, row.of).toEqual([field]);
});

test("one server alone, into a file", async () => {
  const file = join(home, "table.md");
  const { code, out } = await table(pair.oracle, "--format", "markdown", "-o", file);
  expect(code, out).toBe(0);
  expect(readFileSync(file, "utf8")).toContain("| delete | parent | OK |");
});

test("what is no format is a bad argument", async () => {
  expect((await table(pair.oracle, "--format", "html")).code).toBe(254);
});

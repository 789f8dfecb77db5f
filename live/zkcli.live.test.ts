/** ZooKeeper's own `zkCli.sh`: one session typed into a ZooKeeper and into `bin/zetcd` in each mode must read the same. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Address, type Modes, modeNames, startModes } from "./modes.fixture.ts";
import { zkCliMain } from "./zkcli.fixture.ts";

/** Debian's; elsewhere the class that it starts. */
const script = "/usr/share/zookeeper/bin/zkCli.sh";

let modes: Modes;
const told: Record<string, Printed> = {};
beforeAll(async () => {
  modes = await startModes();
  told.zookeeper = await zkCli(modes.zookeeper, commands);
});
afterAll(() => modes?.stop());

/** What is typed; it leaves nothing behind, because the bridge shares its ZooKeeper with the comparison. */
const commands = `
version
create /cli "some data"
create -s /cli/seq-
create -e /cli/eph mine
create -c /cli/container
create -t 60000 /cli/ttl x
create -e -s /cli/es-
create /cli/no/parent
create /cli/guarded secret
get /cli
get -s /cli
get -w /cli
set /cli new
set -s -v 1 /cli newer
set -v 9 /cli never
ls /cli
ls -s /cli
ls -w /cli
create /cli/new
ls -R /cli
stat /cli/eph
stat -w /cli/new
delete /cli/new
getEphemerals
getEphemerals /cli/eph
getAllChildrenNumber /cli
whoami
addauth digest joe:secret
whoami
setAcl /cli/guarded auth::cdrwa
getAcl /cli/guarded
getAcl -s /cli/guarded
get /cli/guarded
setAcl -v 7 /cli/guarded world:anyone:r
setAcl /cli/guarded nobody:x:r
setAcl -R /cli auth::cdrwa
addWatch /cli
addWatch -m PERSISTENT /cli/seq-0000000000
create /cli/deep
create /cli/deep/er
set /cli/deep/er 1
set /cli/seq-0000000000 1
removewatches /cli
removewatches /cli/nothing
set /cli/deep/er 2
setquota -n 5 /cli/deep
create /cli/deep/one abc
listquota /cli/deep
setquota -B 4 /cli/deep
listquota /cli/deep
delquota -n /cli/deep
delquota /cli/deep
listquota /cli/deep
sync /cli
sync /nowhere
config
delete /cli
delete /nowhere
delete -v 4 /cli/deep/er
deleteall /cli/deep
ls /cli/deep
get /nowhere
set /nowhere x
getAcl /nowhere
stat /nowhere
create /
create no-slash
create /cli/
bogus
deleteall /cli
quit
`;

/** What a session printed: answers and events come from two threads of the client, so how they interleave says nothing. */
interface Printed {
  readonly exitCode: number;
  readonly answers: readonly string[];
  readonly events: readonly string[];
}

/** Types a session into a client connected to a server. */
async function zkCli(server: Address, session: string): Promise<Printed> {
  const [program, ...args] = existsSync(script) ? ([script] as const) : zkCliMain();
  const child = spawn(program, [...args, "-server", `${server.host}:${server.port}`]);
  // One behind the other: which of two pipes is read first says nothing.
  const printed = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed.err += text));
  const closed = once(child, "close");
  child.stdin.end(session);
  const [exitCode] = (await closed) as [number];
  return { exitCode, ...sorted(`${printed.out}\n${printed.err}`) };
}

/** Events apart from answers; zxids as ranks, times and owners as words, log lines and the server's address left out, and the client's own closing,
 *  which it may exit before telling. */
function sorted(printed: string): Pick<Printed, "answers" | "events"> {
  const lines = printed.split("\n");
  const told = lines.flatMap((line) => /^WatchedEvent (.*)/.exec(line)?.[1] ?? []);
  const events = told.filter((event) => !event.startsWith("state:Closed"));
  const kept = lines.filter((line) => !/^(WatchedEvent |WATCHER::|SLF4J|Connecting to |\d{4}-\d\d-\d\d |$)/.test(line));
  const zxidLine = /^([cmp]Zxid = )(0x[0-9a-f]+)$/;
  const zxids = kept.flatMap((line) => zxidLine.exec(line)?.[2] ?? []).map(BigInt);
  const ranks = [...new Set(zxids)].sort((a, b) => (a < b ? -1 : 1));
  const answers = kept.map((line) =>
    line
      .replace(zxidLine, (_, name, zxid) => `${name}${ranks.indexOf(BigInt(zxid))}`)
      .replace(/^([cm]time = ).+/, "$1a time")
      .replace(/^(ephemeralOwner = )0x0*[1-9a-f]\w*/, "$1a session"),
  );
  return { answers, events };
}

describe.each(modeNames)("%s", (mode) => {
  test("prints what it prints on ZooKeeper", async () => {
    const printed = await zkCli(modes[mode], commands);
    expect(printed).toEqual(told.zookeeper);
    expect(printed.exitCode).toBe(0);
    expect(printed.answers).toContain("/cli/container");
    expect(printed.events).toContain("state:SyncConnected type:NodeDeleted path:/cli/new");
  });
});

test("the cross-check compared it all and found nothing", async () => {
  const { divergences, exitCode, checkedReplies, checkedEvents } = await modes.verdict();
  expect({ divergences, exitCode }).toEqual({ divergences: [], exitCode: 0 });
  expect(checkedReplies).toBeGreaterThan(60);
  expect(checkedEvents).toBeGreaterThan(5);
});

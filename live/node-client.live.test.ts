/** node-zookeeper-client against `bin/zetcd` in each mode: what it is told must be what a ZooKeeper tells it. */
import zookeeper, { type Client, type Event, type Exception, type Stat } from "node-zookeeper-client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ModeName, type Modes, modeNames, startModes } from "./modes.fixture.ts";
import { type Relay, startRelay } from "./relay.fixture.ts";

const { ACL, CreateMode, Id, Permission, createClient } = zookeeper;
const open = ACL.OPEN_ACL_UNSAFE;

let modes: Modes;
beforeAll(async () => {
  modes = await startModes();
});
afterAll(() => modes?.stop());

/** What a test leaves open. */
const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of leftovers.splice(0)) await end();
});

/** A connected client whose calls answer promises; an error is the answer `{ error: NAME }`, because the errors are compared too. */
async function connected(servers: string, sessionTimeout = 10_000) {
  const client = createClient(servers, { sessionTimeout, spinDelay: 100 });
  const isConnected = new Promise<void>((resolve) => void client.once("connected", resolve));
  client.connect();
  leftovers.push(() => client.close());
  await isConnected;
  const answer = <T>(start: (done: (error: Exception | null | undefined, ...results: unknown[]) => void) => void) =>
    new Promise<T | { error: string }>((resolve) =>
      start((error, ...results) =>
        resolve(error ? { error: error.name } : ((results.length > 1 ? results : results[0]) as T)),
      ),
    );
  return {
    client,
    create: (path: string, text: string | null = "", mode = CreateMode.PERSISTENT, acls = open) =>
      answer<string>((done) => client.create(path, text === null ? null : Buffer.from(text), acls, mode, done)),
    remove: (path: string, version = -1) => answer<undefined>((done) => client.remove(path, version, done)),
    removeAll: (path: string) => answer<undefined>((done) => client.removeRecursive(path, -1, done)),
    exists: (path: string, watcher?: (event: Event) => void) =>
      answer<Stat | null>((done) => (watcher ? client.exists(path, watcher, done) : client.exists(path, done))),
    get: (path: string, watcher?: (event: Event) => void) =>
      answer<[Buffer | undefined, Stat]>((done) =>
        watcher ? client.getData(path, watcher, done) : client.getData(path, done),
      ),
    set: (path: string, text: string, version = -1) =>
      answer<Stat>((done) => client.setData(path, Buffer.from(text), version, done)),
    children: (path: string, watcher?: (event: Event) => void) =>
      answer<[string[], Stat]>((done) =>
        watcher ? client.getChildren(path, watcher, done) : client.getChildren(path, done),
      ),
    getAcl: (path: string) => answer<[unknown, Stat]>((done) => client.getACL(path, done)),
    setAcl: (path: string, acls: ConstructorParameters<typeof ACL>[1][], permission: number, version = -1) =>
      answer<Stat>((done) =>
        client.setACL(
          path,
          acls.map((id) => new ACL(permission, id)),
          version,
          done,
        ),
      ),
    commit: (build: (transaction: ReturnType<Client["transaction"]>) => unknown) =>
      new Promise<unknown>((resolve) => {
        const transaction = client.transaction();
        build(transaction);
        transaction.commit((error, results) =>
          resolve({ error: error?.name, results: results?.map(({ type, path, err }) => ({ type, path, err })) }),
        );
      }),
  };
}

/** Replaces what differs from server to server: zxids by their rank, times and owners by whether they are set. */
function comparable(seen: unknown[]): unknown {
  const zxids = new Set<bigint>();
  const visit = (value: unknown, change: (key: string, bytes: Buffer) => unknown): unknown => {
    if (Buffer.isBuffer(value)) return value.toString("latin1");
    if (Array.isArray(value)) return value.map((each) => visit(each, change));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, each]) => [
      key,
      Buffer.isBuffer(each) && each.length === 8 ? change(key, each) : visit(each, change),
    ]);
    return Object.fromEntries(entries.filter(([key]) => key !== "specification" && key !== "chrootPath"));
  };
  visit(seen, (key, bytes) => key.endsWith("zxid") && zxids.add(bytes.readBigInt64BE()));
  const ranks = [...zxids].sort((a, b) => (a < b ? -1 : 1));
  return visit(seen, (key, bytes) =>
    key.endsWith("zxid") ? ranks.indexOf(bytes.readBigInt64BE()) : bytes.readBigInt64BE() !== 0n,
  );
}

type Session = Awaited<ReturnType<typeof connected>>;

/** Each tells everything that the client was told. */
const workouts: Record<string, (servers: string) => Promise<unknown[]>> = {
  "data of every kind of znode": async (servers) => {
    const a = await connected(servers);
    const seen: unknown[] = [await a.create("/data")];
    for (const [name, mode] of Object.entries(CreateMode)) {
      seen.push(await a.create(`/data/${name}-`, name, mode), await a.create(`/data/${name}-`, null, mode));
    }
    const listed = await a.children("/data");
    const names = Array.isArray(listed) ? [...listed[0]].sort() : [];
    for (const name of names)
      seen.push(
        name,
        await a.get(`/data/${name}`),
        await a.create(`/data/${name}/below`),
        await a.exists(`/data/${name}`),
      );
    seen.push(
      ...[await a.set("/data", "one", 7), await a.set("/data", "one", 0), await a.set("/data", "two")],
      ...[await a.get("/data"), await a.remove("/data"), await a.remove("/nowhere"), await a.get("/nowhere")],
      ...[await a.exists("/nowhere"), await a.children("/nowhere"), await a.set("/nowhere", "")],
      ...[await a.create("/no/where"), await a.remove(`/data/${names[0]}`, 9), await a.exists("/data")],
    );
    for (const name of names) seen.push(await a.remove(`/data/${name}/below`));
    seen.push(await a.removeAll("/data"), await a.exists("/data"));
    return seen;
  },

  watches: async (servers) => {
    const [a, b] = [await connected(servers), await connected(servers)];
    const seen: unknown[] = [];
    const events: string[] = [];
    const note = (by: string) => (event: Event) => void events.push(`${by}: ${event.getName()} ${event.getPath()}`);
    /** Events are told between the steps that caused them: a reply on the watching session fences them. */
    const step = async (what: () => Promise<unknown>) => {
      seen.push(await what());
      await a.exists("/");
      seen.push(events.splice(0));
    };
    await step(() => a.exists("/watched", note("exists")));
    await step(() => b.create("/watched"));
    await step(() => a.get("/watched", note("data")));
    await step(() => a.children("/watched", note("children")));
    await step(() => b.create("/watched/child"));
    await step(() => b.set("/watched", "new"));
    await step(() => b.set("/watched", "newer"));
    await step(() => a.get("/watched/child", note("data")));
    await step(() => a.exists("/watched/child", note("exists")));
    await step(() => a.children("/watched", note("children")));
    await step(() => b.remove("/watched/child"));
    await step(() => a.children("/watched", note("children")));
    await step(() => a.set("/watched", "own"));
    await step(() => b.remove("/watched"));
    await step(() => a.children("/watched", note("nothing")));
    return seen;
  },

  permissions: async (servers) => {
    const [owner, other] = [await connected(servers), await connected(servers)];
    const seen: unknown[] = [await owner.create("/guarded", "x", 0, ACL.CREATOR_ALL_ACL)];
    owner.client.addAuthInfo("digest", Buffer.from("joe:secret"));
    seen.push(await owner.create("/guarded", "x", 0, ACL.CREATOR_ALL_ACL), await owner.getAcl("/guarded"));
    seen.push(await other.get("/guarded"), await other.getAcl("/guarded"), await other.set("/guarded", ""));
    seen.push(await other.create("/guarded/child"), await other.remove("/guarded"), await other.exists("/guarded"));
    seen.push(await owner.setAcl("/guarded", [new Id("ip", "127.0.0.1"), new Id("auth", "")], Permission.READ, 0));
    seen.push(await other.get("/guarded"), await other.getAcl("/guarded"), await owner.getAcl("/guarded"));
    seen.push(await other.set("/guarded", ""), await owner.setAcl("/guarded", [new Id("world", "anyone")], 31));
    seen.push(await owner.setAcl("/", [new Id("nobody", "x")], 31), await owner.remove("/guarded"));
    return seen;
  },

  transactions: async (servers) => {
    const a = await connected(servers);
    const data = Buffer.from("x");
    const seen = [
      await a.commit((t) => t.create("/t", data).create("/t/n-", data, open, 2).setData("/t", data, 0).check("/t", 1)),
      await a.commit((t) => t.create("/t/a", data).check("/t", 7).remove("/t")),
      await a.commit((t) => t.remove("/t/n-0000000000").remove("/t", 7)),
      await a.children("/t"),
      await a.commit((t) => t.remove("/t/n-0000000000").create("/t/n-", data, open, 3).remove("/t/n-0000000001")),
      await a.get("/t"),
      await a.commit((t) => t.remove("/t", 1)),
      await a.exists("/t"),
    ];
    return seen;
  },

  "ephemerals end with their session": async (servers) => {
    const [owner, other] = [await connected(servers), await connected(servers)];
    const seen: unknown[] = [await other.create("/session")];
    for (const name of ["a", "b"]) seen.push(await owner.create(`/session/${name}`, "", CreateMode.EPHEMERAL));
    const gone = new Promise<string>((resolve) => {
      void other.children("/session", (event) => resolve(`${event.getName()} ${event.getPath()}`));
    });
    seen.push(await other.get("/session/a"));
    owner.client.close();
    seen.push(await gone, await other.children("/session"), await other.remove("/session"));
    return seen;
  },
};

describe.each(modeNames)("%s", (mode: ModeName) => {
  const at = (name: "zookeeper" | ModeName) => `${modes[name].host}:${modes[name].port}`;

  test.each(Object.entries(workouts))("%s", async (_name, workout) => {
    const seen = comparable(await workout(at(mode)));
    expect(seen).toEqual(comparable(await workout(at("zookeeper"))));
    expect(JSON.stringify(seen)).not.toContain("CONNECTION_LOSS");
  });

  /** A client whose cable can be pulled. */
  async function behindRelay(sessionTimeout?: number): Promise<Session & { relay: Relay }> {
    const relay = await startRelay(modes[mode]);
    leftovers.push(() => relay.close());
    return { ...(await connected(relay.address, sessionTimeout)), relay };
  }

  test("a cut connection: same session, ephemerals, watches and credentials", async () => {
    const [a, other] = [await behindRelay(), await connected(at(mode))];
    const id = a.client.getSessionId();
    a.client.addAuthInfo("digest", Buffer.from("joe:secret"));
    await a.create("/cut", "", 0, ACL.CREATOR_ALL_ACL);
    await a.create("/cut-mine", "", CreateMode.EPHEMERAL);
    await a.create("/cut-seen");
    const events: string[] = [];
    const note = (event: Event) => void events.push(`${event.getName()} ${event.getPath()}`);
    await a.get("/cut-seen", note);
    await a.exists("/cut-later", note);
    await a.children("/cut-seen", note);
    a.relay.isolate();
    await other.set("/cut-seen", "while away");
    await other.create("/cut-later");
    const back = new Promise<void>((resolve) => void a.client.once("connected", resolve));
    a.relay.heal();
    await back;
    expect(a.client.getSessionId()).toEqual(id);
    expect(await a.set("/cut", "mine")).toMatchObject({ version: 1 });
    expect(await other.exists("/cut-mine")).toMatchObject({ ephemeralOwner: id });
    await other.create("/cut-seen/child");
    await a.exists("/");
    expect(events.sort()).toEqual([
      "NODE_CHILDREN_CHANGED /cut-seen",
      "NODE_CREATED /cut-later",
      "NODE_DATA_CHANGED /cut-seen",
    ]);
    for (const path of ["/cut", "/cut-mine", "/cut-seen/child", "/cut-seen", "/cut-later"]) await a.remove(path);
  });

  test("away for too long: the session has expired, and its ephemerals are gone", async () => {
    const [a, other] = [await behindRelay(1_500), await connected(at(mode))];
    await a.create("/expired", "", CreateMode.EPHEMERAL);
    const gone = new Promise<string>((resolve) => {
      void other.exists("/expired", (event) => resolve(event.getName()));
    });
    const expired = new Promise<void>((resolve) => void a.client.once("expired", resolve));
    a.relay.isolate();
    expect(await gone).toBe("NODE_DELETED");
    a.relay.heal();
    await expired;
    expect(await other.exists("/expired")).toBeNull();
  });
});

test("the cross-check compared it all and found nothing", async () => {
  const { divergences, exitCode, checkedReplies, checkedEvents } = await modes.verdict();
  expect({ divergences, exitCode }).toEqual({ divergences: [], exitCode: 0 });
  expect(checkedReplies).toBeGreaterThan(150);
  expect(checkedEvents).toBeGreaterThan(10);
});

/** Spoilt requests through client sessions on an etcd in memory: each is answered once, in order, or ends its connection; nothing is thrown, another
 *  client never notices, and the tree that is left can be loaded anew. */
import { expect, test } from "vitest";
import { retainedBytes } from "../jute/heap.fixture.ts";
import { silentLogger } from "../logger.ts";
import { errorCodes } from "../protocol/error-codes.ts";
import { opcodes, xids } from "../protocol/opcodes.ts";
import { framesWanted, fuzzSeed, Spoiler } from "../protocol/spoilt-frames.fixture.ts";
import { settle, startCore, TestClient } from "./core.fixture.ts";
import type { Core } from "./core.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";
import type { ZooKeeperVersion } from "./features.ts";
import { dumpTree } from "./tree-dump.fixture.ts";

const frames = Math.ceil(framesWanted(10_000) / 2);
/** Frames sent before anything is looked at; frames after which everything starts over, so that the etcd in memory stays small. */
const batchFrames = 25;
const lifeFrames = 5_000;
/** What stays after a life; the first ones compile code. */
const grownBytesMax = 24 * 2 ** 20;

/** Answered past everything pending. */
const isHasty = (frame: Buffer): boolean => {
  const code = frame.readInt32BE(4);
  return code === opcodes.auth.code || code === opcodes.sasl.code;
};

/** Sends a batch on a fresh connection, or as much of it as that lives, and judges what came back. Answers how much was sent and answered. */
async function converse(core: Core, spoiler: Spoiler, session: number): Promise<{ sent: number; answered: number }> {
  const client = await TestClient.open(core, session);
  const sent: Buffer[] = [];
  for (let xid = 1; xid <= batchFrames && !client.hasEnded; xid++) {
    const frame = spoiler.frame(spoiler.onceIn(40) ? 4 : 8);
    if (frame.length < 8) continue;
    frame.writeInt32BE(xid, 0);
    sent.push(frame);
    client.session.submit(frame);
    if (spoiler.onceIn(10)) await settle(spoiler.below(8));
  }
  await settle();
  const replies = client.frames.map((frame) => frame.readInt32BE(0)).filter((xid) => xid !== xids.notification);
  const orderly = sent.filter((frame) => !isHasty(frame));
  const expected = orderly.map((frame) =>
    frame.readInt32BE(4) === opcodes.ping.code ? xids.ping : frame.readInt32BE(0),
  );
  const hasty = sent.filter(isHasty).map((frame) => frame.readInt32BE(0));
  const got = replies.filter((xid) => !hasty.includes(xid));
  // A connection that ended has answered no more than a beginning, and maybe its last request out of turn.
  if (client.hasEnded) {
    const inTurn = got.filter((xid, index) => xid === expected[index]).length;
    expect(got.length - inTurn).toBeLessThanOrEqual(1);
  } else {
    expect(got).toEqual(expected);
    expect(replies.filter((xid) => hasty.includes(xid))).toEqual(hasty);
  }
  client.session.close("client");
  return { sent: sent.length, answered: replies.length };
}

/** One etcd and one proxy, for some thousand frames. */
async function live(version: ZooKeeperVersion, spoiler: Spoiler, count: number): Promise<number> {
  const etcd = new FakeEtcd();
  const bugs: unknown[] = [];
  const error = (fields: object, message: string): void => void bugs.push({ message, ...fields });
  const core = await startCore(etcd, "a", version, { ...silentLogger, error });
  const bystander = await TestClient.open(core, 1);
  let answered = 0;
  for (let sent = 0, session = 2; sent < count; session++) {
    const said = await converse(core, spoiler, session);
    sent += said.sent;
    answered += said.answered;
    if (bugs.length > 0) throw new Error("a bug was logged", { cause: bugs });
    const asked = bystander.send("getAllChildrenNumber", { path: "/" });
    await settle(1);
    expect(bystander.reply(asked, "getAllChildrenNumber").header.err).toBeOneOf([errorCodes.OK, errorCodes.NOAUTH]);
  }
  const other = await startCore(etcd, "b", version);
  expect(dumpTree(other.tree)).toEqual(dumpTree(core.tree));
  expect(core.watches.count).toBe(0);
  other.close();
  core.close();
  return answered;
}

test.each<ZooKeeperVersion>(["3.8", "3.9"])(
  `${frames} spoilt requests are answered or end their connection (%s)`,
  { timeout: 900_000 },
  async (version) => {
    const spoiler = new Spoiler();
    let answered = 0;
    let before = 0;
    for (let sent = 0; sent < frames; sent += lifeFrames) {
      answered += await live(version, spoiler, Math.min(lifeFrames, frames - sent)).catch((cause) => {
        throw new Error(`ZETCD_FUZZ_SEED=${fuzzSeed}, somewhere behind frame ${sent}`, { cause });
      });
      if (sent === 0) before = retainedBytes();
    }
    expect(retainedBytes() - before).toBeLessThan(grownBytesMax);
    expect(answered).toBeGreaterThan(frames / 2);
  },
);

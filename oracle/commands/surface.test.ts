import { expect, test } from "vitest";
import { errorCodes } from "../../src/protocol/error-codes.ts";
import { type OpName, opName } from "../../src/protocol/opcodes.ts";
import { FakeBackend, type FakeSession, replyFrame } from "../../src/server/fake-backend.fixture.ts";
import type { Duel } from "./servers.ts";
import { commonSurface } from "./surface.ts";

type Manner = (op: OpName | undefined, frame: Buffer, session: FakeSession) => void;

const refuses = (frame: Buffer, { downstream }: FakeSession) => {
  const reply = replyFrame(frame.readInt32BE(0));
  reply.writeInt32BE(errorCodes.UNIMPLEMENTED, 12);
  downstream.send(reply);
};
const knows = (frame: Buffer, { downstream }: FakeSession) => {
  const reply = replyFrame(frame.readInt32BE(0));
  reply.writeInt32BE(errorCodes.NOWATCHER, 12);
  downstream.send(reply);
};

/** A server that answers so; one that has died gives no session. */
function server(manner: Manner, hasDied = () => false) {
  const backend = new FakeBackend({
    onSubmit: (frame, session) => manner(opName(frame.readInt32BE(4)), frame, session),
  });
  const open = backend.open.bind(backend);
  backend.open = async (hello, downstream) =>
    hasDied() ? { is: "closed", reason: "died" } : await open(hello, downstream);
  return { backend };
}

const modern = server((_, frame, session) => knows(frame, session));
const among = (candidate: object, oracle: object = modern) =>
  commonSurface({ candidate, oracle, chroot: "" } as unknown as Duel);

test("two servers that serve what came later are asked for all", async () => {
  expect(await among(modern)).toEqual({ surface: "full" });
});

test("one that lacks half of it is told so: it is asked for all", async () => {
  const lacking = ["checkWatches", "removeWatches", "whoAmI"];
  const partial = server((op, frame, session) =>
    lacking.includes(op ?? "") ? refuses(frame, session) : knows(frame, session),
  );
  expect(await among(partial)).toEqual({ surface: "full" });
});

test.each<[string, Manner]>([
  ["refuses it", (_, frame, session) => refuses(frame, session)],
  ["hangs up on it", (_, __, session) => session.downstream.end()],
])("one that %s is asked for operations of ZooKeeper 3.4, whichever side it is", async (_, manner) => {
  const old = server(manner);
  const lacks = "removeWatches, checkWatches, multiRead, getEphemerals, addWatch, whoAmI";
  for (const [side, common] of [
    ["candidate", await among(old)],
    ["oracle", await among(modern, old)],
  ] as const)
    expect(common).toEqual({
      surface: "core",
      note: `only operations of ZooKeeper 3.4 are asked for: the ${side} does not serve ${lacks} (--surface full asks for all)`,
    });
});

test.each<OpName>(["multiRead", "whoAmI"])(
  "one that dies of %s is asked for all, so that the run looks into it",
  async (deadly) => {
    let isDead = false;
    const fragile = server(
      (op, frame, session) => {
        if (op !== deadly) return knows(frame, session);
        isDead = true;
        session.downstream.end();
      },
      () => isDead,
    );
    expect(await among(fragile)).toEqual({
      surface: "full",
      note: `the candidate died when it was asked for ${deadly}`,
    });
  },
);

/** What the session commands ask and answer. */
import { int64Hex } from "../jute/int64.ts";
import { watcherTypes } from "../protocol/opcodes.ts";
import type { Answer } from "./print.ts";
import type { Session } from "./session.ts";
import type { AskingJob, RemoveWatchesJob } from "./session-verbs.ts";

/** The session's name, as --resume takes it, and what was granted. */
export function sessionAnswer({ granted }: Pick<Session, "granted">): Answer {
  const id = int64Hex(granted.sessionId);
  const password = Buffer.from(granted.passwd ?? []).toString("hex");
  return {
    text: [`session ${id}:${password}`, `timeout ${granted.timeOut} ms`],
    json: { session: `${id}:${password}`, id, password, timeoutMs: granted.timeOut },
  };
}

/** Answers the questions. Throws `ServerRefused`, with UNIMPLEMENTED where the server is too old, or `Unreachable`. */
export async function askSession(job: AskingJob, session: Session): Promise<Answer> {
  switch (job.verb) {
    case "whoami": {
      const { clientInfo } = await session.ask("whoAmI", {}, "whoami");
      const clients = (clientInfo ?? []).map(({ authScheme, user }) => ({
        scheme: String(authScheme),
        user: String(user),
      }));
      // Their order is the server's whim.
      clients.sort((a, b) => (`${a.scheme}:${a.user}` < `${b.scheme}:${b.user}` ? -1 : 1));
      return {
        text: ["Auth scheme: User", ...clients.map(({ scheme, user }) => `${scheme}: ${user}`)],
        json: { identities: clients },
      };
    }
    case "getephemerals": {
      const { ephemerals } = await session.ask("getEphemerals", { prefixPath: job.path }, job.path);
      const paths = (ephemerals ?? []).map(String).sort();
      return { text: paths, json: { path: job.path, ephemerals: paths } };
    }
    case "getallchildrennumber": {
      const { totalNumber } = await session.ask("getAllChildrenNumber", { path: job.path }, job.path);
      return { text: [String(totalNumber)], json: { path: job.path, descendants: totalNumber } };
    }
  }
}

/** Takes watches back. Throws `ServerRefused`, with NOWATCHER when there is none. */
export async function removeWatches({ path, kind }: RemoveWatchesJob, session: Session): Promise<Answer> {
  await session.ask("removeWatches", { path, type: watcherTypes[kind] }, path);
  return { text: [], json: { removedWatches: path } };
}

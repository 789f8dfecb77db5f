/** The command that waits: changes of one znode, or of everything below it. */
import { decode } from "../jute/codec.ts";
import { addWatchModes, eventTypes } from "../protocol/opcodes.ts";
import { WatcherEvent } from "../protocol/records.ts";
import type { Job } from "./job.ts";
import type { Answer } from "./print.ts";
import { ServerRefused, type Session, Unreachable } from "./session.ts";

/** Bytes of a ReplyHeader, which events have too. */
const headerBytes = 16;

const names = new Map<number, string>(Object.entries(eventTypes).map(([name, type]) => [type, name]));

function answer(frame: Buffer): Answer {
  const { type, path } = decode(WatcherEvent, frame.subarray(headerBytes));
  const name = names.get(type) ?? String(type);
  return { text: [`${name} ${path}`], json: { event: name, path } };
}

/** Prints `job.events` changes. Watches of one znode are one-shot, so that any ZooKeeper will do: what happens between an event and the next
 *  registration is told by one event at most. Throws `ServerRefused` or {@link Unreachable}. */
export async function watch(
  job: Extract<Job, { verb: "watch" }>,
  session: Session,
  print: (answer: Answer) => void,
): Promise<void> {
  const again = job.recursive ? undefined : () => register(job.path, session);
  const all = nextEvents(session, job.events, print, again);
  if (job.recursive) await session.ask("addWatch", { path: job.path, mode: addWatchModes.recursive }, job.path);
  else await register(job.path, session);
  await all;
}

/** Prints so many events from now on, for watches set by others, or set `again` behind each event but the last. Rejects with {@link Unreachable} when
 *  the connection goes. */
export function nextEvents(
  session: Session,
  events: number,
  print: (answer: Answer) => void,
  again: () => Promise<void> = async () => undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let left = events;
  session.onClose((cause) => reject(new Unreachable("the server closed the connection", { cause })));
  session.onEvent((frame) => {
    if (left <= 0) return;
    print(answer(frame));
    left -= 1;
    if (left === 0) resolve();
    else again().catch(reject);
  });
  return promise;
}

/** The next event, for a watch about to be set by a read: call it first. Rejects with {@link Unreachable} when the connection goes. */
export function nextEvent(session: Session): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  promise.catch(() => undefined);
  session.onClose((cause) => reject(new Unreachable("the server closed the connection", { cause })));
  session.onEvent((frame) => resolve(answer(frame)));
  return promise;
}

/** Data and existence through `exists`, which may watch what is not there yet; children through `getChildren`. */
async function register(path: string, session: Session): Promise<void> {
  try {
    await session.ask("exists", { path, watch: true }, path);
    await session.ask("getChildren", { path, watch: true }, path);
  } catch (cause) {
    if (!(cause instanceof ServerRefused && cause.name === "NONODE")) throw cause;
  }
}

/** A job from its session to its last answer. */
import { text } from "node:stream/consumers";
import { perform } from "./commands.ts";
import { copy } from "./copy-command.ts";
import type { Job, Settings } from "./job.ts";
import { makesEphemerals } from "./multi.ts";
import { parseOperations } from "./multi-verbs.ts";
import type { Answer } from "./print.ts";
import { openSession, type Session, Unreachable } from "./session.ts";
import { sessionAnswer } from "./session-commands.ts";
import { shell } from "./shell.ts";
import { nextEvent, nextEvents, watch } from "./watch.ts";

/** Does a job and prints its answers. Throws `ServerRefused`, `NotPossible`, {@link Unreachable}, and `InvalidArgumentError` for what stands on
 *  stdin. */
export async function run(asked: Job, settings: Settings, print: (answer: Answer) => void): Promise<void> {
  const job = asked.verb === "multi" ? { ...asked, operations: await operationsOf(asked.operations) } : asked;
  if (job.verb === "copy") return print(await copy(job, settings, progressOutput));
  const session = await openSession(settings);
  // From here on: who reads an answer may interrupt at once.
  const stop = waits(job) ? interrupted() : undefined;
  let keep = settings.resume !== undefined;
  try {
    if (job.verb === "watch") await Promise.race([watch(job, session, print), stop]);
    else if (job.verb === "shell") await shell(session, settings, print, stop ?? interrupted());
    else if (job.verb === "session") {
      print(sessionAnswer(session));
      if (stop !== undefined) await Promise.race([lost(session), stop]);
      keep = job.action === "open" && (keep || !job.hold);
    } else {
      const event = job.verb === "addwatch" ? nextEvents(session, job.events, print) : nextEvent(session).then(print);
      event.catch(() => undefined);
      print(await perform(job, session));
      if (job.verb === "addwatch" || ("watch" in job && job.watch)) await Promise.race([event, stop]);
      if (job.verb === "create" && stop !== undefined) await Promise.race([lost(session), stop]);
      else keep ||= leavesEphemerals(job);
    }
  } finally {
    await session.end({ keep });
  }
}

const progressOutput = {
  isTty: process.stderr.isTTY === true,
  write: (line: string): void => void process.stderr.write(line),
};

async function operationsOf(operations: Extract<Job, { verb: "multi" }>["operations"]) {
  return operations === "stdin" ? parseOperations((await text(process.stdin)).split("\n")) : operations;
}

/** Whether closing the session would undo the job at once. */
function leavesEphemerals(job: Job): boolean {
  if (job.verb === "create") return job.flags === 1 || job.flags === 3;
  return job.verb === "multi" && job.operations !== "stdin" && makesEphemerals(job.operations);
}

/** Whether a job goes on until interrupted, or may. */
const waits = (job: Job): boolean =>
  job.verb === "watch" ||
  job.verb === "addwatch" ||
  job.verb === "shell" ||
  ("watch" in job && job.watch) ||
  ("hold" in job && job.hold);

/** Rejects when the server goes away. */
function lost(session: Session): Promise<never> {
  return new Promise((_resolve, reject) => {
    session.onClose((cause) => reject(new Unreachable("the server closed the connection", { cause })));
  });
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

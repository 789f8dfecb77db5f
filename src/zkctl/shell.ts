/** `shell`: commands from stdin, one a line, in one session, so that watches and ephemerals last from one to the next. */
import { createInterface } from "node:readline/promises";
import { InvalidArgumentError } from "commander";
import { appendCredential } from "./argument-values.ts";
import { parseArguments } from "./arguments.ts";
import { perform } from "./commands.ts";
import type { Job, Settings } from "./job.ts";
import type { Answer } from "./print.ts";
import { NotPossible, ServerRefused, type Session, Unreachable } from "./session.ts";
import { nextEvents } from "./watch.ts";
import { wordsOf } from "./words.ts";

/** Runs the lines until `quit`, the end of stdin or an interruption. What a line is refused is printed, and the next one follows. Events are
 *  printed as they come, so nothing waits for them. Throws {@link Unreachable} when the server goes. */
export async function shell(
  session: Session,
  settings: Settings,
  print: (answer: Answer) => void,
  interrupted: Promise<void>,
): Promise<void> {
  const lost = nextEvents(session, Number.POSITIVE_INFINITY, print);
  lost.catch(() => undefined);
  const { stdin: input, stdout: output } = process;
  const isTerminal = input.isTTY === true && !settings.json;
  const lines = createInterface({ input, terminal: isTerminal, ...(isTerminal ? { output, prompt: "zkctl> " } : {}) });
  // On a terminal, readline takes Ctrl-C for itself.
  const stopped = new Promise<void>((resolve) => void lines.once("SIGINT", resolve));
  const work = async (): Promise<void> => {
    if (isTerminal) lines.prompt();
    for await (const line of lines) {
      const words = wordsOf(line) ?? [];
      if (words[0] === "quit" || words[0] === "close") return;
      if (line.trim() !== "" && !line.trimStart().startsWith("#")) print(await answerTo(words, session));
      if (isTerminal) lines.prompt();
    }
  };
  try {
    await Promise.race([work(), stopped, interrupted, lost]);
  } finally {
    lines.close();
  }
}

/** The answer to one line; what goes wrong is one too. Throws {@link Unreachable}. */
async function answerTo(words: readonly string[], session: Session): Promise<Answer> {
  try {
    if (words[0] === "addauth") return await addAuth(words, session);
    const parsed = parseArguments(words, "");
    if (parsed.is === "say") return { text: [parsed.text.trimEnd()], json: { help: parsed.text } };
    if (parsed.is === "bad") throw new InvalidArgumentError(parsed.line);
    return await perform(shellJob(parsed.job), session);
  } catch (cause) {
    const isAnswer =
      cause instanceof ServerRefused || cause instanceof NotPossible || cause instanceof InvalidArgumentError;
    if (!isAnswer) throw cause;
    return { text: [], json: { error: cause.message }, refused: cause.message };
  }
}

/** zkCli's command: the scheme, and the credential as it is. */
async function addAuth([, scheme = "", auth = ""]: readonly string[], session: Session): Promise<Answer> {
  for (const credential of appendCredential(`${scheme}:${auth}`, []))
    await session.ask("auth", { type: 0, ...credential }, scheme);
  return { text: [], json: { auth: scheme } };
}

/** A job that the shell's session can do. */
function shellJob(job: Job): Parameters<typeof perform>[0] {
  if (job.verb === "watch") throw new InvalidArgumentError("watch waits; in a shell use addwatch, or -w");
  if (job.verb === "copy" || job.verb === "shell" || job.verb === "session")
    throw new InvalidArgumentError(`${job.verb} has sessions of its own; run it outside the shell`);
  if (job.verb !== "multi") return job;
  if (job.operations === "stdin") throw new InvalidArgumentError("in a shell, multi takes its operations as arguments");
  return { ...job, operations: job.operations };
}

/** `xchk replay` of a recording: what clients once asked a server, asked of two. */
import { basename } from "node:path";
import type { RecordingHeader } from "../../src/recording/format.ts";
import { readRecording, type Survey, survey } from "../../src/recording/read.ts";
import { play } from "../playback/play.ts";
import { BadArgument, parseServer } from "../servers/endpoints.ts";
import { type RawFlags, stageFlags, textOf } from "./flags.ts";
import { bar, Progress } from "./progress.ts";
import { onInterrupt, openSides, type Stage, setStage } from "./stage.ts";

/** A replay that compares less of a recording than this decides nothing. */
const comparedShareMin = 0.9;

/** What the journal calls a recording. */
const caseName = "recording";

/** Plays a file; answers the exit code. Throws `BadArgument`, `BadRecording`, `BadKnownList` and `ServerFailed`. */
export async function replayRecording(file: string, header: RecordingHeader, raw: RawFlags): Promise<number> {
  const flags = stageFlags(raw);
  const speed = speedOf(textOf(raw, "speed") ?? "1");
  for (const [flag, server] of [["--candidate", flags.candidate] as const, ["--oracle", flags.oracle] as const]) {
    const parsed = parseServer(server, flag);
    if (parsed.is === "zk" && parsed.chroot !== "")
      throw new BadArgument(flag, server, "has a chroot, and a recording names whole paths; give it without");
  }
  const content = await survey(file);
  const stop = onInterrupt();
  const stage = setStage(flags, await openSides(flags), {
    mode: "replay",
    operationsFloor: Math.max(1, Math.ceil(content.requests * comparedShareMin)),
    options: {
      ...{ recording: basename(file), recordedAt: header.startedAt, redaction: header.redaction },
      ...{
        speed: Number.isFinite(speed) ? speed : "max",
        connections: content.connections,
        requests: content.requests,
      },
    },
  });
  const progress = new Progress();
  progress.say(`${content.requests} requests of ${content.connections} connections, recorded ${header.startedAt}`);
  const note = (text: string) => {
    progress.say(text);
    stage.journal({ event: "note", text });
  };
  for (const text of shortcomings(content)) note(`${basename(file)}: ${text}`);
  for (const text of await playInto(stage, { file, content, speed, progress, stop })) note(text);
  progress.done();
  return stage.finish({ interrupted: stop.aborted });
}

/** `max`, or how many times as fast. Throws `BadArgument`. */
function speedOf(text: string): number {
  if (text === "max") return Number.POSITIVE_INFINITY;
  const speed = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (speed > 0) return speed;
  throw new BadArgument("--speed", text, "is neither max nor a number above 0");
}

/** What a reader of the report should know of the recording. */
function shortcomings({ lost, isWhole, fromBefore }: Survey): string[] {
  return [
    ...(lost === 0 ? [] : [`${lost} events are missing from it`]),
    ...(isWhole ? [] : ["it was not ended in good order; what came last may be missing"]),
    ...(fromBefore.size === 0 ? [] : [`sessions older than it, played as new ones: ${fromBefore.size}`]),
  ];
}

/** Plays it, and waits for the verdict on all of it. Answers what went otherwise than in the recording. */
async function playInto(
  stage: Stage,
  run: {
    readonly file: string;
    readonly content: Survey;
    readonly speed: number;
    readonly progress: Progress;
    readonly stop: AbortSignal;
  },
): Promise<string[]> {
  const { file, content, speed, progress, stop } = run;
  const check = stage.against(stage.candidate);
  // All connections are one case; that it has diverged says nothing about what other clients see later on.
  stage.arena.book.open(caseName);
  stage.arena.book.close(caseName);
  const played = await play(readRecording(file), {
    ...{ name: caseName, speed, stop, fromBefore: content.fromBefore },
    open: (label, hello, downstream) => check.openAs(label, hello, downstream),
    progress: (sent) => progress.show(() => `${bar(sent / content.requests)} ${sent} of ${content.requests} requests`),
  });
  await check.fence(caseName);
  for (const connection of played.left) connection.hangUp();
  await check.settled(caseName);
  const { unsent, refused } = played;
  return [
    ...(refused === 0 ? [] : [`${refused} handshakes got no session although the recorded ones did`]),
    ...(unsent === 0 ? [] : [`${unsent} requests had no session to be sent to`]),
  ];
}

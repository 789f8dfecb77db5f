/** Names that the recorded server chose, and those that stand for them in a replay: on another tree, sequential znodes have other numbers. */
import { MalformedFrame, Reader } from "../../src/jute/buffers.ts";
import { opcodes, opName } from "../../src/protocol/opcodes.ts";
import { visitFields } from "../../src/recording/fields.ts";

/** Where a path may end that a server has chosen: behind a number of ten digits, the first of which may be a sign. */
const chosenEnd = /[-\d]\d{9}(?=\/|$)/g;

/** A request's body begins behind xid and opcode. */
const bodyAt = 8;

/** Paths of the recording by those of the replay. */
export class PlayedNames {
  readonly #byRecorded = new Map<string, Promise<string | undefined>>();

  /** What the recorded server chose, and what the replay's will have chosen, in the same order; there it can come to nothing. */
  expect(recorded: readonly string[], played: Promise<readonly string[]>): void {
    for (const [i, path] of recorded.entries()) {
      const stand = played.then((paths) => paths[i]);
      this.#byRecorded.set(path, stand);
      // Most are the same, and need no translation.
      void stand.then((found) => {
        if (found === path && this.#byRecorded.get(path) === stand) this.#byRecorded.delete(path);
      });
    }
  }

  /** Puts the replay's names into a request, in place: numbers have ten digits everywhere. Undefined when it names nothing that was chosen; else
   *  resolves when all such names are known. */
  translate(frame: Buffer): Promise<void> | undefined {
    if (this.#byRecorded.size === 0) return undefined;
    const chosen = pathsIn(frame).flatMap((bytes) => {
      const path = bytes.toString("utf8");
      const recorded = this.#longest(path);
      return recorded === undefined ? [] : [{ bytes, path, recorded }];
    });
    return chosen.length === 0 ? undefined : this.#put(chosen);
  }

  async #put(
    chosen: readonly { readonly bytes: Buffer; readonly path: string; readonly recorded: string }[],
  ): Promise<void> {
    for (const { bytes, path, recorded } of chosen) {
      const found = await this.#byRecorded.get(recorded);
      const own = Buffer.from(found === undefined ? path : found + path.slice(recorded.length));
      if (own.length === bytes.length) own.copy(bytes);
    }
  }

  /** The longest part of a path that a server has chosen. */
  #longest(path: string): string | undefined {
    const ends = [...path.matchAll(chosenEnd)].map(({ index }) => index + 10);
    return ends
      .reverse()
      .map((end) => path.slice(0, end))
      .find((part) => this.#byRecorded.has(part));
  }
}

/** The paths of a request, as views of it. */
function pathsIn(frame: Buffer): Buffer[] {
  const op = opName(frame.readInt32BE(4));
  const found: Buffer[] = [];
  if (op === undefined) return found;
  try {
    visitFields(opcodes[op].request, new Reader(frame, bodyAt), (tag, bytes) => tag === "path" && found.push(bytes));
  } catch (cause) {
    if (!(cause instanceof MalformedFrame)) throw cause;
  }
  return found;
}

/** What requests under way may still tell their session: a version that a step quotes is known when none of them can name its znode any more. */
import { isSequentialFlags } from "../src/protocol/opcodes.ts";
import type { PathOf } from "./coverage/states.ts";
import { flagsOf, type RequestStep } from "./encode.ts";
import type { ReadStep, WriteStep } from "./format.ts";
import { pathsIn } from "./paths.ts";

/** A request under way. `prefixes`: of names that the server chooses. */
interface Asked {
  readonly by: string;
  readonly paths: ReadonlySet<string | null>;
  readonly prefixes: readonly string[];
}

/** A request's operations: those inside it, or itself. */
export const operationsIn = (step: RequestStep): readonly (RequestStep | WriteStep | ReadStep)[] =>
  step.op === "multi" || step.op === "multiRead" ? step.ops : [step];

/** Operations whose answers tell no version, whatever they name. */
const silent: ReadonlySet<string> = new Set([
  ...["check", "getChildren", "getAllChildrenNumber", "multiRead", "sync"],
  ...["addWatch", "removeWatches", "checkWatches", "setWatches", "setWatches2"],
]);

export class Untold {
  readonly #asked = new Set<Asked>();

  /** A request is sent; call what is returned when it has been answered. `pathOf`: as it is when the request is sent. */
  ask(step: RequestStep, pathOf: PathOf): () => void {
    const telling = silent.has(step.op) ? [] : operationsIn(step).filter(({ op }) => !silent.has(op));
    if (telling.length === 0) return () => undefined;
    const prefixes = telling.flatMap((one) => {
      const path = "flags" in one && isSequentialFlags(flagsOf(one)) ? pathOf(one.path) : null;
      return path === null ? [] : [path];
    });
    const asked = { by: step.by, paths: new Set(pathsIn(telling).map(pathOf)), prefixes };
    this.#asked.add(asked);
    return () => this.#asked.delete(asked);
  }

  /** Whether a session may still be told something about a version that the step quotes. */
  concerns(step: RequestStep, pathOf: PathOf): boolean {
    const quoted = operationsIn(step).flatMap((one) =>
      "version" in one && typeof one.version === "object" ? [pathOf(one.path)] : [],
    );
    if (quoted.length === 0) return false;
    for (const { by, paths, prefixes } of this.#asked) {
      if (by !== step.by) continue;
      if (quoted.some((path) => paths.has(path) || prefixes.some((prefix) => path?.startsWith(prefix)))) return true;
    }
    return false;
  }
}

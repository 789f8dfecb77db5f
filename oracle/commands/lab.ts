/** The place for trials: a second arena, of which the journal hears nothing. */
import { Arena } from "../../scenarios/arena.ts";

/** Where causes are shrunk: several cases at a time, but one at a time on a candidate that is known to die, so that it is clear which one it dies of. */
export class Lab extends Arena {
  isFragile = (): boolean => false;
  #before: Promise<unknown> = Promise.resolve();

  override run(...how: Parameters<Arena["run"]>): ReturnType<Arena["run"]> {
    if (!this.isFragile()) return super.run(...how);
    const running = this.#before.then(() => super.run(...how));
    this.#before = running.catch(() => undefined); // whoever asked for the case is told
    return running;
  }
}

/** Which sequence a run sends next. Every second one is the next number; the others are the next numbers of moods whose aims have the most coverage
 *  cells that nothing has hit. A number names the same sequence either way: what a run meets decides which are sent, never what they are. */
import type { Shard } from "./property.ts";

/** What steering goes by. */
export interface Course {
  /** The mood of a sequence, from 0. */
  readonly moodAt: (index: number) => number;
  readonly shard: Shard;
  /** By mood, how many cells could still be hit; absent where nobody counts: then numbers are dealt out in order. */
  readonly unhit?: (() => readonly number[]) | undefined;
}

/** Deals out the numbers of a run, each once. */
export class Steering {
  readonly #course: Course;
  /** By mood, the lowest number that may not have been dealt out. */
  readonly #cursors = new Map<number, number>();
  /** By mood, how much of a turn it has saved up. */
  readonly #credits: number[] = [];
  #inOrder: number;
  #dealt = 0;

  constructor(course: Course) {
    this.#course = course;
    this.#inOrder = course.shard.index - 1;
  }

  /** The next number. */
  next(): number {
    this.#dealt++;
    const mood = this.#dealt % 2 === 0 ? this.#wanted() : undefined;
    const index = mood === undefined ? this.#nextOfAll() : this.#nextOf(mood);
    this.#cursors.set(this.#course.moodAt(index), index + this.#course.shard.count);
    return index;
  }

  /** Moods take turns (smooth weighted round robin), because what one brings is known only when its sequence is over. By the square, so that what is
   *  nearly complete does not take the turns of what is not. */
  #wanted(): number | undefined {
    const shares = (this.#course.unhit?.() ?? []).map((cells) => cells ** 2);
    const sum = shares.reduce((total, share) => total + share, 0);
    if (sum === 0) return undefined;
    let best = 0;
    for (const [mood, share] of shares.entries()) {
      this.#credits[mood] = (this.#credits[mood] ?? 0) + share / sum;
      if ((this.#credits[mood] ?? 0) > (this.#credits[best] ?? 0)) best = mood;
    }
    this.#credits[best] = (this.#credits[best] ?? 0) - 1;
    return best;
  }

  #nextOfAll(): number {
    const { moodAt, shard } = this.#course;
    while (this.#inOrder < (this.#cursors.get(moodAt(this.#inOrder)) ?? 0)) this.#inOrder += shard.count;
    return this.#inOrder;
  }

  #nextOf(mood: number): number {
    const { moodAt, shard } = this.#course;
    let index = this.#cursors.get(mood) ?? shard.index - 1;
    while (moodAt(index) !== mood) index += shard.count;
    return index;
  }
}

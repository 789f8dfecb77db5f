/** `multi`: all operations or none. */
import { errorName } from "../protocol/error-codes.ts";
import type { Stat } from "../protocol/records.ts";
import { type Answer, statJson } from "./print.ts";
import type { Session } from "./session.ts";
import { type Operation, type Transacted, transact } from "./transaction.ts";

/** Puts them to the server. Throws `ServerRefused` when it refuses them without saying which. */
export async function multi(operations: readonly Operation[], session: Session): Promise<Answer> {
  return multiAnswer(operations, await transact(operations, session));
}

/** What people call it. */
const verbs = {
  create: "create",
  createContainer: "create",
  createTTL: "create",
  setData: "set",
  delete: "delete",
  check: "check",
} as const;

/** One line and one JSON object for each operation, in order. In a refused multi, nothing was done and only one operation has a reason of its own. */
export function multiAnswer(operations: readonly Operation[], outcome: Transacted): Answer {
  const named = operations.map(({ op, path }) => ({ op: verbs[op], path }));
  if (outcome.is === "refused") {
    const { codes, refusedAt } = outcome;
    const errors = named.map((_, index) => errorName(codes[index] ?? 0));
    const at = named[refusedAt];
    return {
      text: named.map(({ op, path }, index) => `${op} ${path}: ${index === refusedAt ? errors[index] : "not done"}`),
      json: { done: false, results: named.map((each, index) => ({ ...each, error: errors[index] })) },
      refused: `${errors[refusedAt]}: operation ${refusedAt + 1} (${at?.op} ${at?.path}) was refused, so none was done`,
    };
  }
  const results = named.map((each, index) => {
    const { path, stat } = outcome.results[index] ?? {};
    return {
      ...each,
      ...(path === undefined ? {} : { path: String(path) }),
      ...(stat === undefined ? {} : { stat: statJson(stat as Stat) }),
    };
  });
  return { text: results.map(({ op, path }) => `${op} ${path}: done`), json: { done: true, results } };
}

/** Whether the operations make znodes that live as long as their session: CreateMode 1 and 3. */
export const makesEphemerals = (operations: readonly Operation[]): boolean =>
  operations.some(({ op, body }) => op === "create" && (body.flags === 1 || body.flags === 3));

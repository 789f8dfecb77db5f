/** Answers as values: what ZooKeeper refuses is a result, never an exception. */
import { type ErrorName, errorCodes } from "./protocol/error-codes.ts";

/** A refusal with its result code. */
export interface Refusal {
  readonly ok: false;
  readonly code: number;
}

/** Either a body or the code to answer with. */
export type Outcome<T> = { readonly ok: true; readonly body: T } | Refusal;

/** Answers with an error of KeeperException.Code. */
export const refuse = (name: ErrorName): Refusal => ({ ok: false, code: errorCodes[name] });

/** Answers with a body. */
export const accept = <T>(body: T): Outcome<T> => ({ ok: true, body });

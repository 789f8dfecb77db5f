/** Which result codes each operation can plausibly answer on the client port: the cells of the coverage matrix that a run could have reached.
 *  Drawn from FinalRequestProcessor and PrepRequestProcessor (3.9). Codes that need a broken ensemble, a read-only server or throttling are left
 *  out; a code that appears anyway gets its cell. */
import type { ErrorName } from "../src/protocol/error-codes.ts";
import { type OpName, opcodes } from "../src/protocol/opcodes.ts";

/** Columns in reading order: success, then the state of the tree, permissions, the request itself, the session. */
export const codeOrder: readonly ErrorName[] = [
  "OK",
  "NONODE",
  "NODEEXISTS",
  "NOTEMPTY",
  "BADVERSION",
  "NOCHILDRENFOREPHEMERALS",
  "NOAUTH",
  "INVALIDACL",
  "AUTHFAILED",
  "BADARGUMENTS",
  "NOWATCHER",
  "QUOTAEXCEEDED",
  "MARSHALLINGERROR",
  "UNIMPLEMENTED",
  "RECONFIGDISABLED",
  "SESSIONEXPIRED",
];

const create: readonly ErrorName[] = [
  "OK",
  "NONODE",
  "NODEEXISTS",
  "NOCHILDRENFOREPHEMERALS",
  "NOAUTH",
  "INVALIDACL",
  "BADARGUMENTS",
  "QUOTAEXCEEDED",
];
const readNode: readonly ErrorName[] = ["OK", "NONODE", "NOAUTH"];

const codes: Readonly<Record<OpName, readonly ErrorName[]>> = {
  create,
  create2: create,
  createContainer: create,
  createTTL: [...create, "UNIMPLEMENTED"],
  delete: ["OK", "NONODE", "NOTEMPTY", "BADVERSION", "NOAUTH", "BADARGUMENTS"],
  deleteContainer: ["OK", "NONODE", "NOTEMPTY"],
  setData: ["OK", "NONODE", "BADVERSION", "NOAUTH", "BADARGUMENTS", "QUOTAEXCEEDED"],
  setACL: ["OK", "NONODE", "BADVERSION", "NOAUTH", "INVALIDACL", "BADARGUMENTS"],
  check: ["OK", "NONODE", "BADVERSION", "NOAUTH"],
  exists: ["OK", "NONODE"],
  getData: readNode,
  getChildren: readNode,
  getChildren2: readNode,
  getACL: readNode,
  getAllChildrenNumber: readNode,
  getEphemerals: ["OK"],
  // The header of a failed multi says OK; what failed stands in its results.
  multi: ["OK"],
  multiRead: ["OK"],
  sync: ["OK"],
  ping: ["OK"],
  whoAmI: ["OK"],
  auth: ["OK", "AUTHFAILED"],
  sasl: ["OK", "AUTHFAILED"],
  setWatches: ["OK"],
  setWatches2: ["OK"],
  addWatch: ["OK", "BADARGUMENTS"],
  checkWatches: ["OK", "NOWATCHER"],
  removeWatches: ["OK", "NOWATCHER", "BADARGUMENTS"],
  reconfig: ["RECONFIGDISABLED", "UNIMPLEMENTED"],
  closeSession: ["OK"],
};

/** All plausible codes of an operation; of an unknown one only what ZooKeeper answers to it. */
export const plausibleCodes = (op: string): readonly ErrorName[] =>
  op in codes ? codes[op as OpName] : ["UNIMPLEMENTED"];

/** Every operation of the opcode table, in opcode order but with closeSession last. */
export const operations: readonly OpName[] = (Object.keys(opcodes) as OpName[]).sort((a, b) => rank(a) - rank(b));

/** Negative opcodes are later additions to the protocol's end. */
function rank(op: OpName): number {
  const { code } = opcodes[op];
  return code < 0 ? 1_000 - code : code;
}

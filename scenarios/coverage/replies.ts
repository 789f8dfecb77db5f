/** Which result codes each operation can be answered with, and which case of the corpus shows it. `coverage.test.ts` keeps the table complete,
 *  `live/corpus.live.test.ts` compares it with what two releases say. Source: PrepRequestProcessor and FinalRequestProcessor (3.8, 3.9). */
import type { ErrorName } from "../../src/protocol/error-codes.ts";
import type { OpName } from "../../src/protocol/opcodes.ts";
import type { ReadStep, WriteStep } from "../format.ts";

/** Case names, each with the codes that it shows of one operation. */
export type Shown = Readonly<Record<string, readonly ErrorName[]>>;

/** What an operation is answered on its own. `createContainer` and `createTTL` count as operations of their own, flags do not. */
export const answersAlone: Readonly<Record<OpName, Shown>> = {
  addWatch: {
    "acl/reads-need-read": ["OK"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
  },
  auth: {
    "session/who-am-i": ["OK"],
    "acl/auth-that-fails": ["AUTHFAILED"],
  },
  // A success is never answered up to 3.8.4 and 3.9.2; later any closes the connection.
  check: {
    "wire/check-alone-fails": ["BADARGUMENTS", "BADVERSION", "MARSHALLINGERROR", "NOAUTH", "NONODE"],
    "wire/check-alone-is-unknown": ["UNIMPLEMENTED"],
  },
  checkWatches: {
    "watch/check-ones-own": ["OK", "NOWATCHER"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
  },
  closeSession: {
    "wire/half-records-of-reads": ["OK"],
  },
  create: {
    "create/create2-is-refused-like-create": ["OK"],
    "create/missing-parent-beats-a-bad-path": ["BADARGUMENTS"],
    "create/sequence-refusals": ["INVALIDACL", "NOAUTH", "NOCHILDRENFOREPHEMERALS"],
    "wire/half-records-of-writes": ["MARSHALLINGERROR"],
    "create/node-exists": ["NODEEXISTS"],
    "create/missing-parent": ["NONODE"],
    "quota/a-multi-may-overshoot": ["QUOTAEXCEEDED"],
  },
  create2: {
    "create/create2-is-refused-like-create": [
      "OK",
      "BADARGUMENTS",
      "INVALIDACL",
      "MARSHALLINGERROR",
      "NOAUTH",
      "NOCHILDRENFOREPHEMERALS",
      "NODEEXISTS",
      "NONODE",
    ],
    "quota/hard-limits": ["QUOTAEXCEEDED"],
  },
  createContainer: {
    "create/createcontainer-is-refused-like-create": [
      "OK",
      "BADARGUMENTS",
      "INVALIDACL",
      "MARSHALLINGERROR",
      "NOAUTH",
      "NOCHILDRENFOREPHEMERALS",
      "NODEEXISTS",
      "NONODE",
    ],
    "quota/hard-limits": ["QUOTAEXCEEDED"],
  },
  createTTL: {
    "create/createttl-is-refused-like-create": [
      "OK",
      "BADARGUMENTS",
      "INVALIDACL",
      "MARSHALLINGERROR",
      "NOAUTH",
      "NOCHILDRENFOREPHEMERALS",
      "NODEEXISTS",
      "NONODE",
    ],
    "quota/hard-limits-in-a-multi": ["QUOTAEXCEEDED"],
  },
  delete: {
    "delete/versions": ["OK", "BADVERSION"],
    "data/the-empty-path-is-no-path-to-write": ["BADARGUMENTS"],
    "wire/half-records-of-writes": ["MARSHALLINGERROR"],
    "acl/permission-admin": ["NOAUTH"],
    "delete/missing": ["NONODE"],
    "delete/not-empty": ["NOTEMPTY"],
  },
  deleteContainer: {
    "delete/containers-are-deleted-by-the-server": ["BADARGUMENTS"],
    "delete/anybody-deletes-containers": ["OK", "BADVERSION", "MARSHALLINGERROR", "NONODE", "NOTEMPTY"],
  },
  exists: {
    "wire/half-records-of-reads": ["OK", "MARSHALLINGERROR"],
    "data/exists-refuses-only-nul": ["BADARGUMENTS"],
    "acl/permission-admin": ["NOAUTH"],
    "acl/missing-beats-forbidden-on-the-node": ["NONODE"],
  },
  getACL: {
    "acl/reads-need-read": ["OK", "NOAUTH"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
    "acl/missing-beats-forbidden-on-the-node": ["NONODE"],
  },
  getAllChildrenNumber: {
    "children/all-descendants-are-counted": ["OK", "NOAUTH"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
    "acl/missing-beats-forbidden-on-the-node": ["NONODE"],
  },
  getChildren: {
    "children/names-and-stat": ["OK"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
    "acl/reads-need-read": ["NOAUTH"],
    "acl/missing-beats-forbidden-on-the-node": ["NONODE"],
  },
  getChildren2: {
    "create/create2-is-refused-like-create": ["OK"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
    "acl/reads-need-read": ["NOAUTH"],
    "acl/missing-beats-forbidden-on-the-node": ["NONODE"],
  },
  getData: {
    "data/versions": ["OK"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
    "acl/reads-need-read": ["NOAUTH"],
    "acl/missing-beats-forbidden-on-the-node": ["NONODE"],
  },
  getEphemerals: {
    "create/ttl-znodes-are-ordinary": ["OK"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
  },
  multi: {
    "multi/check-in-the-middle-fails": ["OK"],
    "acl/null-is-no-list": ["MARSHALLINGERROR"],
  },
  multiRead: {
    "acl/reads-need-read": ["OK"],
    "multi/a-read-list-of-writes": ["MARSHALLINGERROR"],
  },
  ping: {
    "session/pings": ["OK"],
  },
  reconfig: {
    "wire/reconfig-is-disabled": ["MARSHALLINGERROR", "RECONFIGDISABLED"],
  },
  removeWatches: {
    "watch/remove-a-data-watch": ["OK", "NOWATCHER"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
  },
  sasl: {
    "wire/sasl-without-sasl": ["OK"],
  },
  setACL: {
    "acl/auth-without-an-identity": ["OK"],
    "acl/order-of-refusals": ["BADARGUMENTS", "INVALIDACL", "NOAUTH"],
    "acl/permission-admin": ["BADVERSION"],
    "wire/half-records-of-writes": ["MARSHALLINGERROR"],
    "acl/missing-beats-forbidden-on-the-node": ["NONODE"],
  },
  setData: {
    "delete/versions": ["OK"],
    "data/odd-paths-in-writes": ["BADARGUMENTS"],
    "data/versions": ["BADVERSION"],
    "wire/half-records-of-writes": ["MARSHALLINGERROR"],
    "acl/order-of-refusals": ["NOAUTH"],
    "acl/missing-beats-forbidden-on-the-node": ["NONODE"],
    "quota/hard-limits": ["QUOTAEXCEEDED"],
  },
  setWatches: {
    "watch/setwatches-asks-no-permission": ["OK"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
  },
  setWatches2: {
    "watch/setwatches-takes-any-path": ["OK"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
  },
  sync: {
    "acl/reads-need-read": ["OK"],
    "wire/half-records-of-reads": ["MARSHALLINGERROR"],
  },
  whoAmI: {
    "session/who-am-i": ["OK"],
  },
};

/** What an operation inside a multi or multiRead is answered. */
export const answersInside: Readonly<Record<`multi/${WriteStep["op"]}` | `multiRead/${ReadStep["op"]}`, Shown>> = {
  "multi/check": {
    "multi/acl-inside": ["OK"],
    "multi/check-in-the-middle-fails": ["BADARGUMENTS", "BADVERSION", "NOAUTH", "NONODE"],
    "multi/only-the-first-failure-counts": ["RUNTIMEINCONSISTENCY"],
  },
  "multi/create": {
    "multi/check-in-the-middle-fails": ["OK"],
    "multi/create-in-the-middle-fails": [
      "BADARGUMENTS",
      "INVALIDACL",
      "NOAUTH",
      "NOCHILDRENFOREPHEMERALS",
      "NODEEXISTS",
      "NONODE",
    ],
    "quota/a-multi-may-overshoot": ["QUOTAEXCEEDED"],
    "multi/only-the-first-failure-counts": ["RUNTIMEINCONSISTENCY"],
  },
  "multi/create2": {
    "multi/containers-and-ttl-inside": ["OK"],
    "multi/create2-in-the-middle-fails": [
      "BADARGUMENTS",
      "INVALIDACL",
      "NOAUTH",
      "NOCHILDRENFOREPHEMERALS",
      "NODEEXISTS",
      "NONODE",
    ],
    "quota/hard-limits-in-a-multi": ["QUOTAEXCEEDED"],
    "multi/only-the-first-failure-counts": ["RUNTIMEINCONSISTENCY"],
  },
  "multi/createContainer": {
    "multi/containers-and-ttl-inside": ["OK"],
    "multi/createcontainer-in-the-middle-fails": [
      "BADARGUMENTS",
      "INVALIDACL",
      "NOAUTH",
      "NOCHILDRENFOREPHEMERALS",
      "NODEEXISTS",
      "NONODE",
    ],
    "quota/hard-limits-in-a-multi": ["QUOTAEXCEEDED"],
    "multi/only-the-first-failure-counts": ["RUNTIMEINCONSISTENCY"],
  },
  "multi/createTTL": {
    "multi/containers-and-ttl-inside": ["OK"],
    "multi/createttl-in-the-middle-fails": [
      "BADARGUMENTS",
      "INVALIDACL",
      "NOAUTH",
      "NOCHILDRENFOREPHEMERALS",
      "NODEEXISTS",
      "NONODE",
    ],
    "quota/hard-limits-in-a-multi": ["QUOTAEXCEEDED"],
    "multi/only-the-first-failure-counts": ["RUNTIMEINCONSISTENCY"],
  },
  "multi/delete": {
    "multi/an-ephemeral-parent-inside": ["OK"],
    "multi/delete-in-the-middle-fails": ["BADARGUMENTS", "BADVERSION", "NOAUTH", "NONODE", "NOTEMPTY"],
    "multi/only-the-first-failure-counts": ["RUNTIMEINCONSISTENCY"],
  },
  "multi/setData": {
    "multi/one-znode-one-zxid": ["OK"],
    "multi/setdata-in-the-middle-fails": ["BADARGUMENTS", "BADVERSION", "NOAUTH", "NONODE"],
    "quota/hard-limits-in-a-multi": ["QUOTAEXCEEDED"],
    "multi/only-the-first-failure-counts": ["RUNTIMEINCONSISTENCY"],
  },
  "multiRead/getChildren": {
    "multi/reads-fail-one-by-one": ["OK", "NONODE"],
    "acl/reads-need-read": ["NOAUTH"],
  },
  "multiRead/getData": {
    "multi/reads-fail-one-by-one": ["OK", "NONODE"],
    "acl/reads-need-read": ["NOAUTH"],
  },
};

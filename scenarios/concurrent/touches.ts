/** Which watch events a successful write causes. Source: DataTree.createNode, deleteNode, setData; zookeeper-semantics section 8. */
import type { SequenceItem } from "../../src/jute/kinds.ts";
import { eventTypes, type OpName, opName } from "../../src/protocol/opcodes.ts";
import { parentOf } from "../../src/protocol/paths.ts";
import type { Touch } from "./history.ts";

const created = (path: string): Touch[] => [
  { type: eventTypes.created, path },
  { type: eventTypes.childrenChanged, path: parentOf(path) || "/" },
];

const deleted = (path: string): Touch[] => [
  { type: eventTypes.deleted, path },
  { type: eventTypes.childrenChanged, path: parentOf(path) || "/" },
];

/** `request` is the decoded body, `reply` that of the answer: only it knows the name of a sequential znode. A setACL touches nothing that can be
 *  watched, but is a write all the same: it is listed with a type that no event has. */
export function touchesOf(op: OpName, request: unknown, reply: unknown): Touch[] {
  const { path } = (request ?? {}) as { path?: string };
  switch (op) {
    case "create":
    case "create2":
    case "createContainer":
    case "createTTL":
      return created((reply as { path: string }).path);
    case "delete":
      return deleted(path ?? "");
    case "setData":
      return [{ type: eventTypes.dataChanged, path: path ?? "" }];
    case "setACL":
      return [{ type: silent, path: path ?? "" }];
    case "multi":
      return multiTouches(request as SequenceItem[], reply as SequenceItem[]);
    default:
      return [];
  }
}

/** No event has this type. */
const silent = 0;

function multiTouches(request: SequenceItem[], reply: SequenceItem[]): Touch[] {
  if (reply.some(({ header }) => header.type === -1)) return [];
  return request.flatMap(({ header, body }, index) => {
    const op = opName(Number(header.type));
    return op === undefined ? [] : touchesOf(op, body, reply[index]?.body);
  });
}

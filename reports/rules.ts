/** The rules of ZooKeeper that a difference breaks, with the place in its source that makes each a rule. Sources are ZooKeeper 3.9, package
 *  org.apache.zookeeper.server unless they say otherwise. */

/** A rule in one sentence. `operation` and `field` are patterns over the operation's name and the difference's field path. */
export interface Rule {
  readonly operation: RegExp;
  readonly field: RegExp;
  readonly sentence: string;
  readonly source: string;
}

const any = /^/;
const creates = /^create/;

/** In order of precedence: the first rule that matches is the one shown, so the special stand before the general. */
export const rules: readonly Rule[] = [
  {
    operation: /multi$/,
    field: /(^|\.)(err|\d+(\.|$))|^results/,
    sentence:
      "A multi is all or nothing: when one operation fails nothing is applied, and every result is an error record: code 0 for those before it, its own code for the one that failed, RUNTIMEINCONSISTENCY for those after it.",
    source: "DataTree.processTxn (OpCode.multi), PrepRequestProcessor.pRequestHelper",
  },
  {
    operation: creates,
    field: /^err$/,
    sentence:
      "A create checks, in this order: flags and path (BADARGUMENTS), ACL (INVALIDACL), parent (NONODE), permission on the parent (NOAUTH), the path itself (NODEEXISTS), an ephemeral parent (NOCHILDRENFOREPHEMERALS), quota (QUOTAEXCEEDED).",
    source: "PrepRequestProcessor.pRequest2TxnCreate",
  },
  {
    operation: creates,
    field: /(^|\.)path$/,
    sentence:
      "A sequential create appends the parent's count of child creations as ten zero-padded digits; deletions never give a number back.",
    source: 'PrepRequestProcessor.pRequest2TxnCreate (String.format("%010d", parentCVersion))',
  },
  {
    operation: /^delete$/,
    field: /^err$/,
    sentence:
      "A delete checks, in this order: the path (BADARGUMENTS), the parent (NONODE) and permission on it (NOAUTH), existence (NONODE), version (BADVERSION), children (NOTEMPTY).",
    source: "PrepRequestProcessor.pRequest2Txn (OpCode.delete)",
  },
  {
    operation: /^(setData|check)$/,
    field: /^err$/,
    sentence:
      "Existence is checked first (NONODE), then permission (NOAUTH), then the version (BADVERSION); −1 matches any version.",
    source: "PrepRequestProcessor.pRequest2Txn, PrepRequestProcessor.checkAndIncVersion",
  },
  {
    operation: /^setACL$/,
    field: /^err$/,
    sentence:
      "An ACL is validated first (INVALIDACL), then existence (NONODE), ADMIN permission (NOAUTH) and the ACL version (BADVERSION).",
    source: "PrepRequestProcessor.pRequest2Txn (OpCode.setACL), PrepRequestProcessor.fixupACL",
  },
  {
    operation: /^(getData|getChildren|getChildren2|getACL|getAllChildrenNumber)$/,
    field: /^err$/,
    sentence:
      "A read of a missing znode answers NONODE; an existing one needs READ (getACL: READ or ADMIN) or answers NOAUTH.",
    source: "FinalRequestProcessor.processRequest",
  },
  {
    operation: /^exists$/,
    field: /^err$/,
    sentence: "exists needs no permission, answers NONODE for a missing znode, and leaves its watch in both cases.",
    source: "FinalRequestProcessor.processRequest (OpCode.exists), DataTree.statNode",
  },
  {
    operation: /^(removeWatches|checkWatches)$/,
    field: /^err$/,
    sentence: "Removing or checking a watch that this connection does not have answers NOWATCHER.",
    source: "FinalRequestProcessor.processRequest (OpCode.removeWatches), DataTree.removeWatch",
  },
  {
    operation: /^(auth|sasl)$/,
    field: any,
    sentence: "Failed authentication answers AUTHFAILED and closes the connection; success adds an identity to it.",
    source: "ZooKeeperServer.processPacket",
  },
  {
    operation: any,
    field: /(^|\.)pzxid$/,
    sentence:
      "pzxid is the zxid of the write that last created or deleted a child of this znode; changing a child's data or ACL leaves it alone.",
    source: "DataTree.createNode, DataTree.deleteNode",
  },
  {
    operation: any,
    field: /(^|\.)cversion$/,
    sentence:
      "cversion counts the changes to the set of children: it grows by one with each child created and each child deleted, and with nothing else.",
    source: "DataNode.copyStat (cversion × 2 − numChildren), DataTree.createNode",
  },
  {
    operation: any,
    field: /(^|\.)aversion$/,
    sentence: "aversion grows by one with each setACL and with nothing else.",
    source: "DataTree.setACL, PrepRequestProcessor.checkAndIncVersion",
  },
  {
    operation: any,
    field: /(^|\.)stat\.version$|^version$/,
    sentence: "version starts at 0 and grows by one with each setData, also one that writes the same bytes.",
    source: "DataTree.setData, PrepRequestProcessor.checkAndIncVersion",
  },
  {
    operation: any,
    field: /(^|\.)mzxid$/,
    sentence: "mzxid is the zxid of the write that last changed this znode's data; at birth it equals czxid.",
    source: "DataTree.setData, DataTree.createStat",
  },
  {
    operation: any,
    field: /(^|\.)czxid$/,
    sentence: "czxid is the zxid of the write that created this znode and never changes.",
    source: "DataTree.createStat",
  },
  {
    operation: any,
    field: /(^|\.)mtime$/,
    sentence:
      "mtime is the time of the write that last changed the data, in milliseconds, by the clock that ordered it; at birth it equals ctime.",
    source: "DataTree.setData, DataTree.createStat",
  },
  {
    operation: any,
    field: /(^|\.)ctime$/,
    sentence: "ctime is the time of the write that created the znode, in milliseconds, and never changes.",
    source: "DataTree.createStat",
  },
  {
    operation: any,
    field: /(^|\.)ephemeralOwner$/,
    sentence:
      "ephemeralOwner is the id of the session that created an ephemeral znode, and 0 for every persistent one.",
    source: "DataTree.createStat, EphemeralType.get",
  },
  {
    operation: any,
    field: /(^|\.)numChildren$/,
    sentence: "numChildren is the number of children at the moment of the reply, ephemeral ones included.",
    source: "DataNode.copyStat",
  },
  {
    operation: any,
    field: /(^|\.)dataLength$/,
    sentence: "dataLength is the length of the data in bytes; null data has length 0.",
    source: "DataNode.copyStat",
  },
  {
    operation: any,
    field: /(^|\.)(children|ephemerals|totalNumber)(\.|$)/,
    sentence:
      "Children are a set: their order is free, their members are not, and each is named without its parent's path.",
    source: "DataTree.getChildren, FinalRequestProcessor.processRequest",
  },
  {
    operation: any,
    field: /(^|\.)acl(\.|$)/,
    sentence:
      "An ACL comes back as it was stored: `auth` entries replaced by the session's identities, duplicates removed.",
    source: "PrepRequestProcessor.fixupACL, FinalRequestProcessor.handleGetACLRequest",
  },
  {
    operation: any,
    field: /(^|\.)data$/,
    sentence: "Data comes back byte for byte as it was written; null and empty are not the same thing.",
    source: "DataTree.getData, org.apache.jute.BinaryOutputArchive.writeBuffer",
  },
  {
    operation: any,
    field: /^event|^notification/,
    sentence:
      "A watch fires once per change it asked for, tells type and path, and its event reaches the client before any reply that shows the change.",
    source:
      "WatchManager.triggerWatch, DataTree.processTxn; Programmer's Guide, “What ZooKeeper Guarantees about Watches”",
  },
  {
    operation: any,
    field: /(^|\.)zxid$/,
    sentence:
      "Zxids grow with every committed write, and no reply of a session carries an older one than the reply before.",
    source: "FinalRequestProcessor.processRequest, ReplyHeader; Programmer's Guide, “Consistency Guarantees”",
  },
  {
    operation: any,
    field: /^connect\.passwd$/,
    sentence:
      "A session's password is its own and never changes: who names a session's id and its password may resume it, and nobody else.",
    source: "ZooKeeperServer.generatePasswd, ZooKeeperServer.checkPasswd; Programmer's Guide, “ZooKeeper Sessions”",
  },
  {
    operation: any,
    field: /^xid$/,
    sentence: "A reply bears the xid of its request; the reply to a ping always bears −2.",
    source: "FinalRequestProcessor.processRequest, ClientCnxn.PING_XID",
  },
  {
    operation: any,
    field: /^(reply|answer|connection|connect|session)/,
    sentence:
      "Every request of a live session is answered, in the order in which it was sent, and the session outlives a lost connection until its timeout.",
    source: "FinalRequestProcessor.processRequest, SessionTrackerImpl; Programmer's Guide, “ZooKeeper Sessions”",
  },
  {
    operation: any,
    field: /(layout|frame|bytes|body|header)/,
    sentence:
      "A reply has exactly the bytes of its jute record: clients treat missing or surplus ones as a broken connection.",
    source: "zookeeper.jute, org.apache.zookeeper.ClientCnxn.SendThread.readResponse",
  },
];

/** The rule behind a difference of this operation at this field, where one is known. */
export function ruleFor(operation: string, field: string): Pick<Rule, "sentence" | "source"> | undefined {
  const rule = rules.find((candidate) => candidate.operation.test(operation) && candidate.field.test(field));
  return rule === undefined ? undefined : { sentence: rule.sentence, source: rule.source };
}

/** Where ZooKeeper's versions differ for a client, and which of them this server shows. Source: zookeeper-semantics section 14. */

/** `3.8` behaves as Debian's 3.8.0, `3.9` as the newest 3.9. */
export type ZooKeeperVersion = "3.8" | "3.9";

/** One switch per visible difference; true is the newer behaviour. */
export interface Features {
  /** What `srvr` prints. */
  readonly version: string;
  /** exists needs READ where the node exists (3.8.4, 3.9.2). */
  readonly existsNeedsRead: boolean;
  /** Events carry the zxid of their cause instead of −1 (3.9.0). */
  readonly eventZxid: boolean;
  /** A multi answers create2 as create2 and takes an operation's kind from its opcode (3.8.2). */
  readonly multiKeepsOpcodes: boolean;
  /** Several watch modes live side by side on one path; removal and checks are exact (3.9.0). */
  readonly watchModesCoexist: boolean;
  /** A client's deleteContainer deletes any childless znode that is not ephemeral, without asking for a permission (3.9.0). */
  readonly clientsDeleteContainers: boolean;
  /** check outside a multi is an unknown request (3.8.5, 3.9.3). */
  readonly checkNeedsMulti: boolean;
  /** IPv6 literals are valid in ACLs (3.9.4). */
  readonly ipv6Acl: boolean;
}

const newest: Features = {
  version: "3.9.5",
  existsNeedsRead: true,
  eventZxid: true,
  multiKeepsOpcodes: true,
  watchModesCoexist: true,
  clientsDeleteContainers: true,
  checkNeedsMulti: true,
  ipv6Acl: true,
};

/** The behaviour shown per version. */
export const featuresOf: Readonly<Record<ZooKeeperVersion, Features>> = {
  "3.9": newest,
  "3.8": {
    version: "3.8.0",
    existsNeedsRead: false,
    eventZxid: false,
    multiKeepsOpcodes: false,
    watchModesCoexist: false,
    clientsDeleteContainers: false,
    checkNeedsMulti: false,
    ipv6Acl: false,
  },
};

/** What a call to etcd can come to besides an answer. */

/** etcd refused a request for good: nothing of it was applied, and sending it again as it is would not help. */
export class EtcdRefused extends Error {
  constructor(cause: Error) {
    super(`etcd refused: ${cause.message}`, { cause });
    this.name = "EtcdRefused";
  }
}

/** A call got no answer. A transaction may or may not have been applied. */
export class EtcdLost extends Error {
  constructor(cause: unknown) {
    super(`no answer from etcd: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "EtcdLost";
  }
}

/** etcd has thrown away the history that a read or watch wanted. */
export class EtcdCompacted extends Error {
  constructor() {
    super("the revision has been compacted");
    this.name = "EtcdCompacted";
  }
}

/** Answers that say for certain that nothing was applied. Source: etcd api/v3rpc/rpctypes/error.go. */
const refusals = [
  "database space exceeded",
  "request is too large",
  "received message larger than max",
  "too many operations",
  "duplicate key given",
  "permission denied",
  "user name is empty",
  "requested lease not found",
];

/** The class of a failed call. */
export function classify(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("required revision has been compacted")) return new EtcdCompacted();
  if (error instanceof Error && refusals.some((text) => message.includes(text))) return new EtcdRefused(error);
  return new EtcdLost(error);
}

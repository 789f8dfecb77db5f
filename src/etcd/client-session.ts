/** One client connection: requests in, replies and events out, everything in order. Reads wait behind the session's own writes and see the tree
 *  exactly as it was when their turn came. */
import type { BackendSession, CloseReason, Downstream, Peer } from "../backend.ts";
import { Reader } from "../jute/buffers.ts";
import { read } from "../jute/codec.ts";
import type { Int64 } from "../jute/int64.ts";
import type { ConnectResponse } from "../protocol/connect.ts";
import { errorCodes } from "../protocol/error-codes.ts";
import { type OpName, opcodes, opName, permBits } from "../protocol/opcodes.ts";
import { AuthPacket, GetSASLRequest, SyncRequest } from "../protocol/records.ts";
import { certificateIdentities, digestIdentity, type Identity, isAdmitted, isPermitted } from "./acl.ts";
import type { AclEntries } from "./changes.ts";
import { readReply } from "./client-read.ts";
import { ClientWrite, type WriteOwner } from "./client-write.ts";
import type { Core } from "./core.ts";
import type { Draft } from "./draft.ts";
import { withIdentities } from "./identities.ts";
import type { Write } from "./prepared-batch.ts";
import type { ReadContext, ReadName } from "./reads.ts";
import { bareReply, eventFrame, refusedSaslReply, replyWith } from "./replies.ts";
import { SaslNegotiation } from "./sasl.ts";
import type { Tree } from "./tree.ts";
import { Turns } from "./turns.ts";
import type { Watcher } from "./watches.ts";
import { decodeWrite } from "./writes.ts";

/** Implements the client's side of the seam, the owner of its writes, and the watcher of its watches. */
export class ClientSession implements BackendSession, WriteOwner, Watcher, ReadContext {
  readonly granted: ConnectResponse;
  readonly session: Int64;
  readonly #core: Core;
  readonly #downstream: Downstream;
  #identities: readonly Identity[];
  #readAs: readonly Identity[] | undefined;
  readonly #turns: Turns;
  #negotiation: SaslNegotiation | undefined;
  #isClosing = false;
  #isGone = false;

  constructor(core: Core, connection: { granted: ConnectResponse; peer: Peer; downstream: Downstream }) {
    this.#core = core;
    this.granted = connection.granted;
    this.session = connection.granted.sessionId;
    this.#downstream = connection.downstream;
    this.#turns = new Turns({ submit: (write) => core.committer.submit(write), isOver: () => this.#isGone });
    const { address, certificate } = connection.peer;
    const ip: Identity = { scheme: "ip", id: address.replace(/^::ffff:(?=\d+\.)/, "") };
    this.#identities =
      certificate === undefined ? [ip] : [ip, ...certificateIdentities(certificate, core.rules.policy)];
  }

  get tree(): Tree {
    return this.#core.tree;
  }
  get watches(): Core["watches"] {
    return this.#core.watches;
  }
  get watcher(): Watcher {
    return this;
  }
  /** Those of the read at hand. */
  get identities(): readonly Identity[] {
    return this.#readAs ?? this.#identities;
  }
  get features(): Core["features"] {
    return this.#core.features;
  }

  submit(frame: Buffer): void {
    if (this.#isClosing || this.#isGone) return;
    const xid = frame.readInt32BE(0);
    const op = opName(frame.readInt32BE(4));
    if (op !== "auth" && op !== "sasl" && !isAdmitted(this.#identities, this.#core.rules.policy))
      return this.#turnAway(xid);
    if (op === undefined || (op === "check" && this.features.checkNeedsMulti)) return this.#unimplemented(xid);
    const { access } = opcodes[op];
    if (access === "connection") return op === "auth" ? this.#auth(xid, frame) : this.#sasl(xid, frame);
    this.#core.tracker.touch(this.session);
    if (op === "sync") return this.#enqueueSync(xid, frame);
    if (op === "closeSession") return this.#enqueueClose(xid);
    if (access === "write") return this.#turns.write(this.#write(op, xid, frame));
    this.#enqueueRead(op as ReadName, xid, frame);
  }

  close(_why: CloseReason): void {
    this.#isGone = true;
    this.#core.watches.forget(this);
    this.#core.disconnected(this);
  }

  /** The server ends the connection: the session expired, was closed, moved away, or its fate is unknown. */
  end(): void {
    if (this.#isGone) return;
    this.close("shutdown");
    this.#downstream.end();
  }

  /** The session is gone from the tree; a client that asked for it still gets its reply. */
  sessionClosed(): void {
    if (!this.#isClosing) this.end();
  }

  mayWrite(draft: Draft): boolean {
    return draft.session(this.session)?.owner === this.#core.proxy;
  }

  answer(frame: Buffer): void {
    if (!this.#isGone) this.#downstream.send(frame);
    this.#turns.answered();
  }

  drop(cause: Error): void {
    if (!this.#isGone) this.#core.log.debug({ session: String(this.session), cause }, "dropping a client");
    this.end();
  }

  notify(event: { type: number; path: string; zxid: number; acl: AclEntries }): void {
    if (!isPermitted(event.acl, permBits.read, this.#identities)) return;
    this.#downstream.send(eventFrame({ ...event, zxid: this.features.eventZxid ? event.zxid : -1 }));
  }

  catchUp(type: number, path: string): void {
    this.#downstream.send(eventFrame({ type, path, zxid: -1 }));
  }

  /** Unknown opcodes are answered at once, past everything pending, and end the connection. */
  #unimplemented(xid: number): void {
    this.#downstream.send(bareReply(xid, -1, errorCodes.UNIMPLEMENTED));
    this.end();
  }

  /** Nothing is looked at before the client has shown who it is. The session lives on. Source: AuthenticationHelper.enforceAuthentication (3.9). */
  #turnAway(xid: number): void {
    this.#downstream.send(bareReply(xid, 0, errorCodes.SESSIONCLOSEDREQUIRESASLAUTH));
    this.end();
  }

  /** Answered at once; a request sent behind it already has the new identity. A broken or refused packet ends the connection, not the session. */
  #auth(xid: number, frame: Buffer): void {
    let packet: { scheme: string | null; auth: Uint8Array | null };
    try {
      packet = read(AuthPacket, new Reader(frame, 8));
    } catch {
      return this.end();
    }
    const { scheme, auth } = packet;
    if (scheme === "digest" && auth !== null) this.#addDigest(Buffer.from(auth));
    else if (scheme !== "ip" && !(scheme === "x509" && this.#hasCertificate)) {
      this.#downstream.send(bareReply(xid, 0, errorCodes.AUTHFAILED));
      return this.end();
    }
    this.#downstream.send(bareReply(xid, 0, errorCodes.OK));
  }

  /** A certificate was shown when the connection was made; asking for it again changes nothing. */
  get #hasCertificate(): boolean {
    return (
      this.#core.rules.policy.clientCertificates === true && this.#identities.some(({ scheme }) => scheme === "x509")
    );
  }

  #addDigest(token: Buffer): void {
    const id = digestIdentity(token);
    const shown: Identity[] = [{ scheme: "digest", id }];
    if (id === this.#core.rules.policy.superDigest) shown.push({ scheme: "super", id: "" });
    this.#identities = withIdentities(this.#identities, shown);
  }

  /** Without SASL on the server: an empty token. Source: ZooKeeperServer.processSasl (3.9). */
  #sasl(xid: number, frame: Buffer): void {
    const { saslUsers } = this.#core.rules.policy;
    let token: Uint8Array | null;
    try {
      token = read(GetSASLRequest, new Reader(frame, 8)).token;
    } catch {
      return this.end();
    }
    if (token === null) return this.end();
    const answer = (value: Buffer | null): void =>
      this.#downstream.send(replyWith(xid, 0, { schema: opcodes.sasl.reply, value: { token: value } }));
    if (saslUsers === undefined) return answer(null);
    this.#negotiation ??= new SaslNegotiation(saslUsers);
    const step = this.#negotiation.step(Buffer.from(token));
    if (step.is === "broken") return this.end();
    if (step.is === "refused") {
      this.#core.log.debug({ session: String(this.session), why: step.why }, "SASL authentication failed");
      const isRequired = this.#core.rules.policy.requiredSchemes?.includes("sasl") === true;
      const { AUTHFAILED, SESSIONCLOSEDREQUIRESASLAUTH } = errorCodes;
      this.#downstream.send(refusedSaslReply(xid, isRequired ? SESSIONCLOSEDREQUIRESASLAUTH : AUTHFAILED));
      return this.end();
    }
    if (step.is === "accepted")
      this.#identities = withIdentities(this.#identities, [{ scheme: "sasl", id: step.user }]);
    answer(step.token);
  }

  #write(op: OpName, xid: number, frame: Buffer): Write {
    const decoded = decodeWrite(op, frame, this.#core.rules);
    const author = { session: this.session, identities: this.#identities };
    return new ClientWrite(this, author, { op, xid, bytes: frame.length, decoded });
  }

  /** The last request: whatever comes behind it is not read any more. */
  #enqueueClose(xid: number): void {
    this.#isClosing = true;
    const run = (): void =>
      this.#core.endSession(this.session, this.#core.proxy, (outcome, zxid) => {
        if (outcome === "done" && !this.#isGone) this.#downstream.send(bareReply(xid, zxid, errorCodes.OK));
        this.end();
      });
    if (this.#turns.isSyncing) this.#turns.read(run);
    else run();
  }

  /** A read that has to wait is made with the identities of its arrival. */
  #enqueueRead(op: ReadName, xid: number, frame: Buffer): void {
    if (this.#turns.isIdle) return this.#read(op, xid, frame);
    const identities = this.#identities;
    this.#turns.read(() => {
      this.#readAs = identities;
      this.#read(op, xid, frame);
      this.#readAs = undefined;
    });
  }

  #enqueueSync(xid: number, frame: Buffer): void {
    this.#turns.sync(() => {
      void this.#core.sync().then(
        () => {
          this.#turns.synced();
          this.answer(this.#syncReply(xid, frame));
        },
        (error: Error) => this.drop(error),
      );
    });
  }

  #syncReply(xid: number, frame: Buffer): Buffer {
    try {
      const { path } = read(SyncRequest, new Reader(frame, 8));
      return replyWith(xid, this.tree.zxid, { schema: opcodes.sync.reply, value: { path } });
    } catch {
      return bareReply(xid, this.tree.zxid, errorCodes.MARSHALLINGERROR);
    }
  }

  #read(op: ReadName, xid: number, frame: Buffer): void {
    this.#downstream.send(readReply(op, xid, frame, this));
  }
}

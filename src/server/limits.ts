import { juteMaxBuffer } from "../protocol/frames.ts";

/** What one server allows its clients. */
export interface ServerLimits {
  /** Largest request frame: jute.maxbuffer. */
  readonly frameBytesMax: number;
  /** Connections from one address; 0 is no limit. Those beyond it are accepted and closed at once: maxClientCnxns, 60 in ZooKeeper. Off by
   *  default here, because a proxy is often reached through one balancer. */
  readonly connectionsPerAddressMax: number;
  /** TCP connections the operating system queues while we are busy. */
  readonly backlog: number;
  /** From the TCP connection to a granted session. ZooKeeper closes after 10 to 20 s (nio.sessionlessCnxnTimeout). */
  readonly handshakeMs: number;
  /** Requests held back, while a session opens or the client is slow to read, before the socket is paused. One chunk may come on top. */
  readonly heldBytesMax: number;
  /** Replies not taken by the client: above the first nothing more is submitted, below the second it goes on. */
  readonly highWaterBytes: number;
  readonly lowWaterBytes: number;
  /** Replies not taken beyond which the connection is closed: watch events can pile up without any request. One frame may come on top. */
  readonly queuedBytesMax: number;
  /** From our end of the connection to its destruction, if the client neither reads nor closes. */
  readonly lingerMs: number;
}

/** ZooKeeper's defaults where it has them (ZooKeeper Administrator's Guide, "Configuration Parameters"). */
export const serverLimits: ServerLimits = {
  frameBytesMax: juteMaxBuffer,
  connectionsPerAddressMax: 0,
  backlog: 4_096,
  handshakeMs: 10_000,
  heldBytesMax: 256 * 1024,
  highWaterBytes: 1024 * 1024,
  lowWaterBytes: 256 * 1024,
  queuedBytesMax: 64 * 1024 * 1024,
  lingerMs: 2_000,
};

/** The handshake, the one pair of frames without headers. Its last byte, readOnly, is optional in both directions.
 *  Source: ConnectRequest, ConnectResponse; ProtocolManager (3.9). */
import { Reader, Writer } from "../jute/buffers.ts";
import { read, write } from "../jute/codec.ts";
import type { Int64 } from "../jute/int64.ts";
import { type Infer, record } from "../jute/kinds.ts";
import { durationMs, filler, secret, sessionId, zxid } from "./records.ts";

export const ConnectRequest = record("ConnectRequest", {
  protocolVersion: filler,
  lastZxidSeen: zxid,
  timeOut: durationMs,
  sessionId,
  passwd: secret,
});
export const ConnectResponse = record("ConnectResponse", {
  protocolVersion: filler,
  timeOut: durationMs,
  sessionId,
  passwd: secret,
});

/** A decoded ConnectRequest; `readOnly` is undefined when the client did not send the byte. */
export interface ConnectRequest extends Infer<typeof ConnectRequest> {
  readOnly?: boolean;
}
/** A decoded ConnectResponse; `timeOut` 0 means refused. */
export interface ConnectResponse extends Infer<typeof ConnectResponse> {
  readOnly?: boolean;
}

/** Length of a session password on the wire, bytes. */
export const passwordBytes = 16;

/** What a server sends before it closes: no such session, or not with this password. */
export const refusal = (): ConnectResponse => ({
  protocolVersion: 0,
  timeOut: 0,
  sessionId: 0 as Int64,
  passwd: new Uint8Array(passwordBytes),
});

function decodeWith<T extends ConnectRequest | ConnectResponse>(
  schema: typeof ConnectRequest | typeof ConnectResponse,
  bytes: Uint8Array,
): T {
  const reader = new Reader(bytes);
  const value = read(schema, reader) as T;
  if (reader.remaining > 0) value.readOnly = reader.boolean();
  return value;
}

function encodeWith(schema: typeof ConnectRequest | typeof ConnectResponse, value: ConnectRequest | ConnectResponse) {
  const writer = new Writer(64);
  write(schema as typeof ConnectRequest, writer, value as ConnectRequest);
  if (value.readOnly !== undefined) writer.boolean(value.readOnly);
  return writer.bytes();
}

/** Bytes behind the readOnly byte are ignored, as ZooKeeper does. Errors: `MalformedFrame`. */
export const decodeConnectRequest = (bytes: Uint8Array): ConnectRequest => decodeWith(ConnectRequest, bytes);
export const decodeConnectResponse = (bytes: Uint8Array): ConnectResponse => decodeWith(ConnectResponse, bytes);
export const encodeConnectRequest = (value: ConnectRequest): Buffer => encodeWith(ConnectRequest, value);
export const encodeConnectResponse = (value: ConnectResponse): Buffer => encodeWith(ConnectResponse, value);

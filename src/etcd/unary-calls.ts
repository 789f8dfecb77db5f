/** Unary gRPC calls straight over HTTP/2, for the one call that every write waits for, which has no use for the channels, filters and retries of
 *  grpc-js. What that gained is told in README.md. Source: gRPC over HTTP2 (grpc/doc/PROTOCOL-HTTP2.md). */
import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from "node:http2";
import { castGrpcError } from "etcd3";

/** Codes that are given by this end. Source: grpc/doc/statuscodes.md. */
const codes = { ok: 0, deadlineExceeded: 4, internal: 13, unavailable: 14 } as const;

/** In front of each message: whether it is compressed, and its length. */
const prefixBytes = 5;

/** Calls to one server, over one connection that is made when it is needed and again when it is gone. */
export class UnaryCalls {
  readonly #url: string;
  readonly #tls: SecureClientSessionOptions;
  #session: ClientHttp2Session | undefined;

  /** `tls`: certificates and key, as Node takes them, for an `https` URL. */
  constructor(url: string, tls: SecureClientSessionOptions = {}) {
    this.#url = url;
    this.#tls = tls;
  }

  /** One call of a method like `/package.Service/Method`, message and answer as they are on the wire. `limitMs`, whole: for the connection and the answer together.
   *  Errors: etcd3's own. Nothing is ever sent twice. */
  call(
    method: string,
    message: Uint8Array,
    { limitMs, metadata }: { limitMs: number; metadata: Readonly<Record<string, string>> },
  ): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const session = this.#connected();
    const stream = session.request({
      ...metadata,
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: method,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
      [constants.HTTP2_HEADER_TE]: "trailers",
      "grpc-timeout": `${limitMs}m`,
    });
    const chunks: Buffer[] = [];
    let status: Status | undefined;
    const learn = (headers: IncomingHttpHeaders) => {
      status = statusIn(headers) ?? status;
    };
    const timer = setTimeout(() => {
      reject(grpcError(codes.deadlineExceeded, "Deadline exceeded"));
      stream.close(constants.NGHTTP2_CANCEL);
      // Whether the server is slow or the connection is dead cannot be told from here.
      this.#leave(session);
    }, limitMs);
    stream.on("response", learn);
    stream.on("trailers", learn);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", (error) => {
      status ??= { code: codes.unavailable, text: error.message };
      // It may also have no number left for another call.
      this.#leave(session);
    });
    stream.on("close", () => {
      clearTimeout(timer);
      const { code, text } = status ?? { code: codes.unavailable, text: "the connection was closed" };
      if (code !== codes.ok) return reject(grpcError(code, text));
      const answer = messageIn(chunks);
      if (answer === undefined) return reject(grpcError(codes.internal, "the answer is not one whole message"));
      resolve(answer);
    });
    stream.end(framed(message));
    return promise;
  }

  /** Ends the connection; calls under way fail. */
  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  /** The next call is made over a new connection; those under way may still be answered. */
  #leave(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined;
    session.close();
  }

  #connected(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect(this.#url, this.#tls);
    // Each call under way hears of it too, from its stream.
    session.on("error", () => session.destroy());
    this.#session = session;
    return session;
  }
}

/** How a call ended. */
interface Status {
  readonly code: number;
  readonly text: string;
}

/** The status in a header block: with an answer it is in the trailers, without one in the only block there is. */
function statusIn(headers: IncomingHttpHeaders): Status | undefined {
  const http = headers[constants.HTTP2_HEADER_STATUS] as number | string | undefined;
  const code = headers["grpc-status"];
  if (code !== undefined) return { code: Number(code), text: percentDecoded(String(headers["grpc-message"] ?? "")) };
  if (http !== undefined && Number(http) !== constants.HTTP_STATUS_OK)
    return { code: codes.unavailable, text: `HTTP status ${http}` };
  return undefined;
}

/** What is not well encoded stays as it is. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function framed(message: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(prefixBytes + message.length);
  out[0] = 0;
  out.writeUInt32BE(message.length, 1);
  out.set(message, prefixBytes);
  return out;
}

function messageIn(chunks: readonly Buffer[]): Buffer | undefined {
  const [first] = chunks;
  const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
  if (whole.length < prefixBytes || whole[0] !== 0) return undefined;
  return whole.readUInt32BE(1) === whole.length - prefixBytes ? whole.subarray(prefixBytes) : undefined;
}

/** As etcd3 tells it: by what etcd says, else by the code. */
const grpcError = (code: number, text: string): Error => castGrpcError(Object.assign(new Error(text), { code }));

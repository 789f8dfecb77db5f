/** The TLS face of a port: handshakes, client certificates, and whom they let in. */
import { constants } from "node:crypto";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { subjectName } from "./distinguished-name.ts";

/** Whether clients are asked for a certificate. `want`: they may come without one, but not with a bad one. As ZooKeeper's ssl.clientAuth. */
export type ClientAuth = "none" | "want" | "need";

/** Certificates in PEM: ours, our private key, and whose signature a client's must carry. */
export interface TlsSettings {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly clientAuth: ClientAuth;
}

/** Makes the half of a TLS server that shakes hands; raw sockets are handed to it with `emit("connection", socket)`. `welcome` gets those who
 *  came through, with the subject of their certificate; all others are destroyed. Errors: those of bad PEM. */
export function tlsServer(
  settings: TlsSettings,
  handshakeTimeout: number,
  welcome: (socket: TLSSocket, certificate: string | undefined) => void,
): Server {
  const { cert, key, ca, clientAuth } = settings;
  const server = createServer({
    ...{ cert, key, handshakeTimeout, requestCert: clientAuth !== "none", rejectUnauthorized: clientAuth === "need" },
    ...(ca === undefined ? {} : { ca }),
    // A resumed TLS session would have to be trusted to remember its certificate.
    ...(clientAuth === "none" ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }),
  });
  server.on("secureConnection", (socket) => {
    const certificate = clientAuth === "none" ? undefined : socket.getPeerX509Certificate();
    if (certificate !== undefined && !socket.authorized) socket.destroy();
    else welcome(socket, certificate === undefined ? undefined : subjectName(certificate.raw));
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}

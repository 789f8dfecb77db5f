/** Result codes that the corpus cannot show, with the reason. */
import type { ErrorName } from "../../src/protocol/error-codes.ts";
import type { OpName } from "../../src/protocol/opcodes.ts";

/** Codes of single operations that ZooKeeper can answer and no case shows, with the reason. */
export const notShown: Readonly<Partial<Record<OpName | "multi/check", Partial<Readonly<Record<ErrorName, string>>>>>> =
  {
    create: {
      UNIMPLEMENTED: "ttl flags on a server without extendedTypesEnabled; those of the corpus have it",
      EPHEMERALONLOCALSESSION: "needs an ensemble with local sessions",
    },
    createTTL: { UNIMPLEMENTED: "a server without extendedTypesEnabled; those of the corpus have it" },
    check: {
      OK: "is never answered up to 3.8.4 and 3.9.2, and unknown later: it belongs into a multi",
    },
    reconfig: {
      OK: "needs an ensemble",
      UNIMPLEMENTED: "needs reconfigEnabled",
      BADARGUMENTS: "needs an ensemble with reconfigEnabled",
      NEWCONFIGNOQUORUM: "needs an ensemble with reconfigEnabled",
      RECONFIGINPROGRESS: "needs an ensemble with reconfigEnabled",
      BADVERSION: "needs an ensemble with reconfigEnabled",
      NOAUTH: "needs an ensemble with reconfigEnabled",
    },
    sasl: { AUTHFAILED: "needs a server with SASL: live/sasl.live.test.ts" },
  };

/** Codes that no operation of one standalone server with ordinary options is answered with. */
export const notAnswered: Partial<Readonly<Record<ErrorName, string>>> = {
  SYSTEMERROR: "never sent",
  DATAINCONSISTENCY: "never sent",
  CONNECTIONLOSS: "made up by clients",
  OPERATIONTIMEOUT: "made up by clients",
  UNKNOWNSESSION: "internal: the connection closes",
  APIERROR: "a marker between two ranges",
  SESSIONEXPIRED: "a race at most: expired sessions are refused at the handshake",
  INVALIDCALLBACK: "made up by clients",
  SESSIONMOVED: "never sent: the connection closes",
  NOTREADONLY: "needs an ensemble that has lost its quorum",
  REQUESTTIMEOUT: "made up by clients",
  SESSIONCLOSEDREQUIRESASLAUTH: "needs enforced authentication: live/sasl.live.test.ts",
  THROTTLEDOP: "needs the request throttler",
};

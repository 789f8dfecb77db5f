/** A server that may die. Whoever runs it may also start it again, and gets a while to do so before the run goes on without it. */
import { setTimeout as sleep } from "node:timers/promises";
import { newSession } from "../../scenarios/connection.ts";
import type { Backend } from "../../src/backend.ts";
import { encodeConnectRequest } from "../../src/protocol/connect.ts";

/** How long a run waits for a server that has died, unless it is told otherwise, ms. A ZooKeeper on a busy machine takes ten seconds to start. */
export const comebackWaitMs = 20_000;
/** Between two attempts to reach it, ms. */
const tryEveryMs = 100;

/** The same server, except that a handshake waits for it while it is gone. `gone` is called when it does not come back in time; from then on a
 *  handshake tries once. */
export function patient(backend: Backend, gone: () => void, waitMs: number = comebackWaitMs): Backend {
  /** Our clock, ms, when it was found to be gone; undefined while it serves. */
  let goneAt: number | undefined;
  return {
    name: backend.name,
    status: () => backend.status(),
    list: () => backend.list(),
    close: () => backend.close(),
    open: async (hello, downstream) => {
      for (;;) {
        const opened = await backend.open(hello, downstream);
        if (backend.status().serving) goneAt = undefined;
        if (opened.is !== "closed" || backend.status().serving) return opened;
        goneAt ??= Date.now();
        if (goneAt + waitMs <= Date.now()) {
          gone();
          return opened;
        }
        await sleep(tryEveryMs);
      }
    },
  };
}

/** Makes sure that a server which looks gone is: a handshake that took too long may have made it look so. */
export async function lookAgain(backend: Backend): Promise<void> {
  if (backend.status().serving) return;
  const request = newSession(4_000);
  const hello = { request, raw: encodeConnectRequest(request), peer: { address: "127.0.0.1", port: 0 } };
  const opened = await backend.open(hello, { send: () => undefined, end: () => undefined, queuedBytes: 0 });
  if (opened.is === "granted") opened.session.close("client");
}

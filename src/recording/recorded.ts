/** A backend that also keeps what clients ask of another: whatever stands behind it, the recording is the same. */
import type { Backend, BackendSession, Hello, Opened } from "../backend.ts";
import type { StandIns } from "./stand-ins.ts";
import type { Tape } from "./tape.ts";

/** Composes a backend and a tape. The other backend's answers pass unchanged; closing it leaves the tape open. */
export function recorded(backend: Backend, tape: Tape, standIns: StandIns): Backend {
  let connections = 0;
  return {
    name: backend.name,
    open: async (hello, downstream) => {
      const on = ++connections;
      tape.write({ on, event: "open", frame: base64(standIns.hello(hello.raw)) });
      return answered(await backend.open(hello, downstream), { on, tape, standIns });
    },
    status: () => backend.status(),
    list: () => backend.list(),
    close: () => backend.close(),
  };
}

/** What all events of one connection share. */
interface Recording {
  readonly on: number;
  readonly tape: Tape;
  readonly standIns: StandIns;
}

function answered(opened: Opened, { on, tape, standIns }: Recording): Opened {
  if (opened.is !== "granted") {
    tape.write({ on, event: "denied", how: opened.is });
    return opened;
  }
  const { session } = opened;
  const { sessionId, passwd } = session.granted;
  tape.write({
    ...{ on, event: "granted", session: String(sessionId) },
    passwd: base64(standIns.passwd(passwd ?? new Uint8Array())),
  });
  return { ...opened, session: recordedSession(session, { on, tape, standIns }) };
}

const recordedSession = (session: BackendSession, { on, tape, standIns }: Recording): BackendSession => ({
  granted: session.granted,
  submit: (frame) => {
    tape.write({ on, event: "frame", frame: base64(standIns.request(frame)) });
    session.submit(frame);
  },
  close: (why) => {
    tape.write({ on, event: "close", why });
    session.close(why);
  },
});

const base64 = (bytes: Hello["raw"]): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

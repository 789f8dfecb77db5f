/** A backend that also keeps what clients ask of another: whatever stands behind it, the recording is the same. */
import type { Backend, Downstream, Hello, Opened } from "../backend.ts";
import { ChosenNames } from "./chosen-names.ts";
import type { StandIns } from "./stand-ins.ts";
import type { Tape } from "./tape.ts";

/** Composes a backend and a tape. The other backend's answers pass unchanged; closing it leaves the tape open. */
export function recorded(backend: Backend, tape: Tape, standIns: StandIns): Backend {
  let connections = 0;
  return {
    name: backend.name,
    open: (hello, downstream) => openRecorded(backend, hello, downstream, { on: ++connections, tape, standIns }),
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

async function openRecorded(
  backend: Backend,
  hello: Hello,
  downstream: Downstream,
  { on, tape, standIns }: Recording,
): Promise<Opened> {
  tape.write({ on, event: "open", frame: base64(standIns.hello(hello.raw)) });
  const names = new ChosenNames();
  const opened = await backend.open(hello, {
    send: (frame) => {
      const chosen = names.answered(frame);
      if (chosen !== undefined && chosen.paths.length > 0) tape.write({ on, event: "named", ...chosen });
      downstream.send(frame);
    },
    end: () => downstream.end(),
    get queuedBytes() {
      return downstream.queuedBytes;
    },
  });
  if (opened.is !== "granted") {
    tape.write({ on, event: "denied", how: opened.is });
    return opened;
  }
  const { granted } = opened.session;
  tape.write({
    ...{ on, event: "granted", session: String(granted.sessionId) },
    passwd: base64(standIns.passwd(granted.passwd ?? new Uint8Array())),
  });
  return {
    ...opened,
    session: {
      granted,
      submit: (frame) => {
        tape.write({ on, event: "frame", frame: base64(standIns.request(frame)) });
        names.asked(frame);
        opened.session.submit(frame);
      },
      close: (why) => {
        tape.write({ on, event: "close", why });
        opened.session.close(why);
      },
    },
  };
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

/** What a server process has used, as Linux counts it. */
import { readFileSync } from "node:fs";

/** A server process by the name it has in tables. */
export interface NamedProcess {
  readonly name: string;
  readonly pid: number;
}

/** What a process has used since it started. */
export interface Usage {
  /** User and system time of all its threads, in milliseconds, counted in steps of 10. */
  readonly cpuMs: number;
  /** Resident memory now. */
  readonly rssBytes: number;
}

/** USER_HZ is 100 on every Linux that Node runs on. Source: proc(5), sysconf(3). */
const tickMs = 10;

/** Usage of a process; undefined when it is gone or this is no Linux. */
export function usage(pid: number): Usage | undefined {
  try {
    return parseUsage(readFileSync(`/proc/${pid}/stat`, "utf8"), readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ESRCH"))
      return undefined;
    throw cause;
  }
}

/** Reads `/proc/<pid>/stat` and `status`; a program's name may hold blanks and parentheses. Pure. Source: proc_pid_stat(5). */
export function parseUsage(stat: string, status: string): Usage {
  // Behind the name come fields 3, 4, ...; utime is the 14th, stime the 15th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[14 - 3]) + Number(fields[15 - 3]);
  const rssKiB = Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? Number.NaN);
  return { cpuMs: ticks * tickMs, rssBytes: rssKiB * 1024 };
}

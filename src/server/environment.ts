/** What `envi` and `mntr` tell of the process and the machine. */
import { readdirSync, readFileSync } from "node:fs";
import { arch, homedir, hostname, release, type, userInfo } from "node:os";
import { getHeapStatistics } from "node:v8";

const mebibyte = 1024 * 1024;

/** The text of `envi`. */
export function environmentText(version: string): string {
  const lines = Object.entries(environmentRows(version)).map(([name, value]) => `${name}=${value}\n`);
  return `Environment:\n${lines.join("")}`;
}

/** The rows of `envi`, without the Java ones. Source: org.apache.zookeeper.Environment (3.9). */
export function environmentRows(version: string): Readonly<Record<string, string>> {
  const heap = getHeapStatistics();
  return {
    "zookeeper.version": version,
    "host.name": hostname(),
    "node.version": process.version,
    "os.name": type(),
    "os.arch": arch(),
    "os.version": release(),
    "user.name": userName(),
    "user.home": homedir(),
    "user.dir": process.cwd(),
    "os.memory.free": `${Math.round((heap.total_heap_size - heap.used_heap_size) / mebibyte)}MB`,
    "os.memory.max": `${Math.round(heap.heap_size_limit / mebibyte)}MB`,
    "os.memory.total": `${Math.round(heap.total_heap_size / mebibyte)}MB`,
  };
}

/** Containers run under ids that have no entry in the password file; Java prints `?` then. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "?";
  }
}

/** Open files and their limit, under `mntr`'s names; empty where the system has no /proc. */
export function openFiles(): Readonly<Record<string, number>> {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return {
      open_file_descriptor_count: readdirSync("/proc/self/fd").length,
      ...(limit === undefined ? {} : { max_file_descriptor_count: Number(limit) }),
    };
  } catch {
    return {};
  }
}

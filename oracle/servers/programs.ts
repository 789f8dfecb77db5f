import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The environment a look-up reads: `process.env`, or a stand-in in tests. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Absolute path of an executable on PATH, or undefined. */
export function findOnPath(name: string, env: Environment = process.env): string | undefined {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** The etcd program: `ETCD_BIN`, else `etcd` on PATH; undefined when neither can be run. */
export function findEtcd(env: Environment = process.env): string | undefined {
  return env.ETCD_BIN === undefined || env.ETCD_BIN === "" ? findOnPath("etcd", env) : runnable(env.ETCD_BIN);
}

/** The Java launcher: `$JAVA_HOME/bin/java`, else `java` on PATH; undefined when neither can be run. */
export function findJava(env: Environment = process.env): string | undefined {
  const home = env.JAVA_HOME === undefined ? undefined : runnable(join(env.JAVA_HOME, "bin", "java"));
  return home ?? findOnPath("java", env);
}

/** The path itself when it names an executable file. */
function runnable(path: string): string | undefined {
  return isExecutable(path) ? path : undefined;
}

/** Whether this user may run the file. */
function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // absent, a broken link, or not ours to run
  }
}

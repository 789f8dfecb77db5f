import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./programs.ts";

/** A ZooKeeper on this machine: where it came from and the class path that runs it, without logging set-up. */
export interface ZooKeeperInstall {
  readonly from: string;
  readonly classPath: readonly string[];
}

/** Debian's and Ubuntu's package; its manifest names most of the other jars. */
const debianJar = "/usr/share/java/zookeeper.jar";

/** What that manifest forgets, used where it is installed: a logging library, without which a server that fails to start says nothing,
 *  and what the admin server's Jetty needs. */
const debianExtras = ["/usr/share/java/slf4j-simple.jar", "/usr/share/java/servlet-api.jar"];

/** Where Homebrew puts it on ARM and Intel machines. */
const homebrewHomes = ["/opt/homebrew/opt/zookeeper/libexec", "/usr/local/opt/zookeeper/libexec"];

/** The ZooKeeper to use when no version is asked for: `ZOOKEEPER_HOME`, Debian's package, Homebrew's; undefined when there is none. */
export function findZooKeeper(env: Environment = process.env): ZooKeeperInstall | undefined {
  const home = env.ZOOKEEPER_HOME;
  if (home !== undefined && home !== "") return findInHome(home);
  return findDebian() ?? homebrewHomes.map(findInHome).find((install) => install !== undefined);
}

/** Debian's package, or undefined. */
export function findDebian(): ZooKeeperInstall | undefined {
  if (!existsSync(debianJar)) return undefined;
  return { from: debianJar, classPath: [debianJar, ...debianExtras.filter((jar) => existsSync(jar))] };
}

/** An unpacked release: its jars are in `lib` (3.5 and later), or in the folder itself and `lib` (before). */
export function findInHome(home: string): ZooKeeperInstall | undefined {
  const jars = [join(home, "lib"), home].flatMap(jarsIn);
  return jars.some((jar) => /\/zookeeper-\d[^/]*\.jar$/.test(jar)) ? { from: home, classPath: jars } : undefined;
}

/** Absolute paths of the jars in a folder, in name order; none when there is no such folder. */
export function jarsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".jar"));
  return names.sort().map((name) => join(folder, name));
}

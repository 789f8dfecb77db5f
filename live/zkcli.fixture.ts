/** ZooKeeper's own command line client. */
import { delimiter } from "node:path";
import { findJava } from "../oracle/servers/programs.ts";
import { findZooKeeper } from "../oracle/servers/zookeeper-install.ts";

/** The words that start it without its script, which is not part of every installation. */
export function zkCliMain(): readonly [program: string, ...args: string[]] {
  const [java, install] = [findJava(), findZooKeeper()];
  if (java === undefined || install === undefined) throw new Error("no ZooKeeper on this machine: run npm run setup");
  return [java, "-cp", install.classPath.join(delimiter), "org.apache.zookeeper.ZooKeeperMain"];
}

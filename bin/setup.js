// Makes a fresh checkout ready to run: npm packages, Java, etcd, ZooKeeper, and Chromium for the report tests.
// Plain JavaScript, because it runs before there is a Node that reads TypeScript. Run it as often as you like.
//   node bin/setup.js            install what is missing and may be installed
//   node bin/setup.js --check    only tell; exit code 0 when everything is there, 255 when not
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
const home = dirname(dirname(fileURLToPath(import.meta.url)));

/** Only look, change nothing. */
const checkOnly = process.argv.includes("--check");

/** The Debian packages that bring each thing. */
const debianPackages = {
  java: "default-jre-headless",
  etcd: "etcd-server etcd-client",
  ZooKeeper: "zookeeper",
  Chromium: "chromium",
};

/** What a person has to do where we may not install: one line per thing. */
const advice = {
  java: "install a Java runtime, 8 or newer (Debian: apt-get install default-jre-headless; macOS: brew install openjdk), or set JAVA_HOME",
  etcd: "install etcd 3.4 or newer (Debian: apt-get install etcd-server; macOS: brew install etcd), or set ETCD_BIN to the program",
  ZooKeeper:
    "install ZooKeeper (Debian: apt-get install zookeeper; macOS: brew install zookeeper), or unpack a release and set ZOOKEEPER_HOME",
  Chromium:
    "install Chromium (Debian: apt-get install chromium), or set CHROMIUM_BIN; without it the tests that open a report in a browser are skipped",
};

/** Installs Debian packages without starting their daemons: an etcd on the default ports is not ours to leave behind. */
const aptScript = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\\nexit 101\\n' >"$policy" && chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM HUP
fi
was=; [ -e /etc/init.d/etcd ] && was=1
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 --no-install-recommends "$@" || exit 1
if [ -z "$was" ] && [ -e /etc/init.d/etcd ]; then
  update-rc.d etcd disable
  if [ -d /run/systemd/system ]; then systemctl disable --now etcd; fi
fi >/dev/null 2>&1
exit 0`;

/** One plain progress line. */
function say(line) {
  console.log(`setup: ${line}`);
}

/** Tells why the set-up cannot go on and ends with the harness's exit code for "could not run". */
function giveUp(line) {
  console.error(`setup: ${line}`);
  process.exit(255);
}

/** Absolute path of an executable file, given by path or found on PATH; undefined when there is none. */
function executable(name) {
  const folders = name.includes("/") ? [""] : (process.env.PATH || "").split(delimiter).filter(Boolean);
  return folders
    .map((folder) => (folder === "" ? name : join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
      } catch {
        return false;
      }
    });
}

/** Whether a command ends with code 0 within a bound; its output is dropped. */
function succeeds(command, args, waitMs = 10_000) {
  return spawnSync(command, args, { stdio: "ignore", timeout: waitMs }).status === 0;
}

/** Where Debian's package and Homebrew put ZooKeeper; ZOOKEEPER_HOME, when set, is the only place. */
const zooKeeperPlaces = [
  "/usr/share/java/zookeeper.jar",
  "/opt/homebrew/opt/zookeeper/libexec",
  "/usr/local/opt/zookeeper/libexec",
];

/** What each needed program is found by. A server given by address need not be on this machine. macOS ships a `java` that only
 *  says how to get one, so Java is asked. */
const present = {
  java: () =>
    [process.env.JAVA_HOME && join(process.env.JAVA_HOME, "bin", "java"), "java"].some(
      (name) => name && executable(name) && succeeds(name, ["-Xshare:auto", "-version"]),
    ),
  etcd: () => Boolean(process.env.ZETCD_ETCD || executable(process.env.ETCD_BIN || "etcd")),
  ZooKeeper: () =>
    Boolean(process.env.ZETCD_ZOOKEEPER) ||
    (process.env.ZOOKEEPER_HOME ? [process.env.ZOOKEEPER_HOME] : zooKeeperPlaces).some((path) => existsSync(path)),
  Chromium: () =>
    ["CHROMIUM_BIN", "CHROME_BIN"].some((name) => process.env[name]) ||
    ["chromium", "chromium-browser", "google-chrome"].some((name) => executable(name)) ||
    existsSync("/Applications/Google Chrome.app"),
};

/** The names of what is not there. */
function missing() {
  return Object.keys(present).filter((name) => !present[name]());
}

/** The packages a lock file lists, by folder; npm writes the same shape into node_modules for what it installed. */
function locked(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : {};
}

/** Why node_modules is not what package-lock.json says, or undefined when it is. Optional packages of other platforms may be absent. */
function packagesProblem() {
  if (!existsSync(join(home, "node_modules"))) return "not installed";
  const wanted = locked(join(home, "package-lock.json"));
  const installed = locked(join(home, "node_modules", ".package-lock.json"));
  const wrong = Object.keys(wanted).find((folder) => {
    if (folder === "") return false;
    const at = installed[folder];
    if (!at) return !wanted[folder].optional;
    return at.version !== wanted[folder].version || !existsSync(join(home, folder));
  });
  if (wrong) return `${wrong.replace(/^.*node_modules\//, "")} is missing or of another version`;
  return existsSync(join(home, "node_modules", "node", "bin", "node"))
    ? undefined
    : "the Node that runs the programs is missing";
}

/** Brings node_modules in line with package-lock.json; answers whether it is. */
function setUpPackages() {
  const problem = packagesProblem();
  if (!problem) return true;
  if (checkOnly) {
    say(`npm packages: ${problem}; run npm ci`);
    return false;
  }
  say(`npm packages: ${problem}; running npm ci`);
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: home, stdio: "inherit" });
  if (npm.status !== 0) giveUp("npm ci failed (its output is above); is the npm registry reachable?");
  const left = packagesProblem();
  if (left)
    giveUp(`npm packages: ${left} after npm ci; were install scripts switched off (npm config get ignore-scripts)?`);
  return true;
}

/** Installs the named things with apt-get; answers whether it could. */
function aptInstall(names) {
  const root = process.getuid() === 0;
  say(`installing ${names.join(", ")} with apt-get; this can take some minutes`);
  const packages = names.flatMap((name) => debianPackages[name].split(" "));
  const command = [...(root ? [] : ["sudo", "-n"]), "sh", "-c", aptScript, "setup", ...packages];
  return spawnSync(command[0], command.slice(1), { stdio: "inherit" }).status === 0;
}

/** Whether apt-get is here and we may use it: as root, or through sudo without a password. */
function mayInstall() {
  if (checkOnly || !executable("apt-get") || !process.getuid) return false;
  return process.getuid() === 0 || (Boolean(executable("sudo")) && succeeds("sudo", ["-n", "true"]));
}

/** Installs what is missing where we may, tells what is left, and answers whether the servers can run. */
function setUpPrograms() {
  let wanting = missing();
  if (wanting.length === 0) return true;
  if (mayInstall()) {
    // Two goes: the browser is only wanted by tests, and a distribution without that package must not cost us the servers.
    const servers = wanting.filter((name) => name !== "Chromium");
    if (servers.length > 0) aptInstall(servers);
    if (wanting.includes("Chromium")) aptInstall(["Chromium"]);
    wanting = missing();
  }
  const docker = wanting.length > 0 && succeeds("docker", ["version"]);
  for (const name of wanting) {
    if (docker && name !== "Chromium") say(`${name} is not on this machine; it will run in Docker`);
    else say(`${name} is missing: ${advice[name]}`);
  }
  return docker || wanting.every((name) => name === "Chromium");
}

if (Number(process.versions.node.split(".")[0]) < 18)
  giveUp(`Node ${process.versions.node} is too old: install Node 18 or newer (the set-up then brings its own Node 24)`);
const ready = [setUpPackages(), setUpPrograms()].every(Boolean);
if (!ready) process.exit(255);
if (checkOnly) say("everything needed is here");

/** Checks that parsed JSON is a scenario, and says where it is not: file, step and field. */
import { readFileSync } from "node:fs";
import { type Scenario, type Step, wrongPasswords } from "./format.ts";

/** A scenario file that cannot be run. The message starts with the file and, inside `steps`, the step counted from 1 and its operation. */
export class BadScenario extends Error {
  override readonly name = "BadScenario";
}

/** Answers what is wrong with a value, or undefined. */
type Check = (value: unknown) => string | undefined;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const expected = (what: string, value: unknown) => `expected ${what}, found ${JSON.stringify(value) ?? "nothing"}`;
const text: Check = (value) => (typeof value === "string" ? undefined : expected("text", value));
const textOrNull: Check = (value) => (value === null ? undefined : text(value));
const flag: Check = (value) => (typeof value === "boolean" ? undefined : expected("true or false", value));
const whole: Check = (value) => (Number.isSafeInteger(value) ? undefined : expected("a whole number", value));
const hex: Check = (value) =>
  typeof value === "string" && /^([0-9a-f]{2})*$/i.test(value) ? undefined : expected("pairs of hex digits", value);

const oneOf =
  (words: readonly string[], otherwise: Check = () => "nothing else"): Check =>
  (value) =>
    (typeof value === "string" && words.includes(value)) || otherwise(value) === undefined
      ? undefined
      : expected(`one of ${words.join(", ")}${otherwise === whole ? " or a whole number" : ""}`, value);

const listOf =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return expected("a list", value);
    for (const [index, item] of value.entries()) {
      const wrong = check(item);
      if (wrong !== undefined) return `entry ${index + 1}: ${wrong}`;
    }
    return undefined;
  };

/** Fields of an object by name; a trailing `?` makes one optional; any other field is refused, because a misspelt one would be ignored. */
const shape =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (!isObject(value)) return expected("an object", value);
    for (const name of Object.keys(value))
      if (!(name in fields) && !(`${name}?` in fields)) return `unknown field "${name}"`;
    for (const [key, check] of Object.entries(fields)) {
      const name = key.replace(/\?$/, "");
      if (value[name] === undefined) {
        if (key === name) return `field "${name}" is missing`;
        continue;
      }
      const wrong = check(value[name]);
      if (wrong !== undefined) return `field "${name}": ${wrong}`;
    }
    return undefined;
  };

const either =
  (what: string, ...checks: Check[]): Check =>
  (value) =>
    checks.some((check) => check(value) === undefined) ? undefined : expected(what, value);

const path = either(
  "a path, null, {ref, below?}, {quota} or {exact}",
  textOrNull,
  shape({ ref: text, "below?": text }),
  shape({ quota: text }),
  shape({ exact: text }),
);
const data = either(
  "text, null, {hex} or {repeat, times}",
  textOrNull,
  shape({ hex }),
  shape({ repeat: text, times: whole }),
);
const version = either("a whole number or {last}", whole, shape({ last: whole }));
const seen = either("a whole number or {newest}", whole, shape({ newest: whole }));
const perms: Check = (value) =>
  typeof value === "string" && /^[rwcda]*$/.test(value)
    ? undefined
    : whole(value) && expected("letters of rwcda", value);
const aclEntries = listOf(shape({ perms, scheme: textOrNull, id: textOrNull }));
const acl: Check = (value) =>
  Array.isArray(value)
    ? aclEntries(value)
    : either("open, creator, read, null or a list", oneOf(["open", "creator", "read"]), (v) =>
        v === null ? undefined : "no list",
      )(value);
const flags = oneOf(
  ["persistent", "ephemeral", "sequential", "ephemeral-sequential", "container", "ttl", "ttl-sequential"],
  whole,
);

const create = { path, "data?": data, "acl?": acl, "flags?": flags, "bind?": text };
const versioned = { path, "version?": version };
const reading = { path, "watch?": flag };
const watchLists = { "data?": listOf(path), "exist?": listOf(path), "child?": listOf(path) };
const watchType = { path, type: oneOf(["children", "data", "any", "persistent", "recursive"], whole) };

const inner: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  create,
  create2: create,
  createContainer: create,
  createTTL: { ...create, "ttl?": whole },
  delete: versioned,
  check: versioned,
  setData: { ...versioned, "data?": data },
  getData: reading,
  getChildren: reading,
};

const innerStep: Check = (value) => {
  if (!isObject(value)) return expected("an operation", value);
  const op = String(value.op);
  const fields = Object.hasOwn(inner, op) ? inner[op] : undefined;
  return fields === undefined
    ? `"${op}" cannot stand inside another step (write it as a raw step)`
    : shape({ op: text, ...fields })(value);
};

const actions: Readonly<Record<Step["op"], Readonly<Record<string, Check>>>> = {
  ...(inner as Record<"create" | "create2" | "createContainer" | "createTTL", typeof create>),
  delete: versioned,
  check: versioned,
  setData: { ...versioned, "data?": data },
  setACL: { ...versioned, acl },
  exists: reading,
  getData: reading,
  getChildren: reading,
  getChildren2: reading,
  getACL: { path },
  sync: { path },
  getEphemerals: { path },
  getAllChildrenNumber: { path },
  deleteContainer: { path },
  multi: { ops: listOf(innerStep) },
  multiRead: { ops: listOf(innerStep) },
  addWatch: { path, mode: oneOf(["persistent", "recursive"], whole) },
  removeWatches: watchType,
  checkWatches: watchType,
  setWatches: { since: seen, ...watchLists },
  setWatches2: { since: seen, ...watchLists, "persistent?": listOf(path), "recursive?": listOf(path) },
  auth: { scheme: textOrNull, auth: data },
  whoAmI: {},
  ping: {},
  closeSession: { "behind?": listOf(innerStep) },
  reconfig: { joining: textOrNull, leaving: textOrNull, members: textOrNull, configId: whole },
  raw: { hex, reply: flag },
  drop: {},
  reconnect: {
    "as?": oneOf(["same", "wrong-password", "stranger", "former", "new"]),
    "wrong?": oneOf(wrongPasswords),
    "timeoutMs?": whole,
    "seen?": seen,
    "readOnly?": either("true, false or absent", flag, oneOf(["absent"])),
    "protocolVersion?": whole,
  },
  expire: {},
  reap: {},
};

const scenario = shape({
  why: text,
  source: text,
  "versions?": text,
  "pace?": oneOf(["serial", "pipelined"]),
  "timeoutMs?": whole,
  sessions: listOf(text),
  steps: listOf(() => undefined),
});

/** The value as a scenario. `file` is how messages call it. Errors: `BadScenario`. */
export function validateScenario(value: unknown, file: string): Scenario {
  const fail = (wrong: string): never => {
    throw new BadScenario(`${file}: ${wrong}`);
  };
  const wrong = scenario(value);
  if (wrong !== undefined) return fail(wrong);
  const found = value as Scenario;
  if (found.why.trim() === "" || found.source.trim() === "") fail('"why" and "source" must say something');
  if (found.sessions.length === 0) fail("a scenario needs a session");
  if (new Set(found.sessions).size !== found.sessions.length) fail("a session is listed twice");
  for (const [index, step] of found.steps.entries()) {
    const where = `step ${index + 1}${isObject(step) ? ` (${step.op})` : ""}`;
    if (!isObject(step)) return fail(`${where}: ${expected("an object", step)}`);
    const fields = Object.hasOwn(actions, step.op) ? actions[step.op] : undefined;
    if (fields === undefined) return fail(`${where}: no such operation`);
    const inside = shape({ by: text, op: text, ...fields })(step);
    if (inside !== undefined) fail(`${where}: ${inside}`);
    if (!found.sessions.includes(step.by)) fail(`${where}: session "${step.by}" is not listed in "sessions"`);
  }
  return found;
}

/** Reads a scenario file. Errors: `BadScenario`, also for a file that is absent or no JSON. */
export function readScenario(file: string): Scenario {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new BadScenario(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return validateScenario(value, file);
}

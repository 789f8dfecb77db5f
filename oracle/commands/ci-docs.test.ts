import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = (name: string): string => readFileSync(`${root}${name}`, "utf8");

/** As much of an action as is checked. */
interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly {
      readonly id?: string;
      readonly shell?: string;
      readonly uses?: string;
      readonly run?: string;
      readonly env?: Readonly<Record<string, string>>;
    }[];
  };
}
const action = parse(text("action.yml")) as Action;
const scripts = action.runs.steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
const gitlab = parse(text("docs/gitlab-ci.example.yml")) as Record<string, { readonly script?: readonly string[] }>;
/** The lines of a document that are there to be copied. */
const commandsIn = (name: string): string[] => text(name).match(/^bin\/xchk .*$/gm) ?? [];

/** One use of xchk: the subcommand, and the flags that follow it or are gathered for it. */
const uses = [
  ...scripts.filter((script) => script.includes("xchk")),
  ...["fuzz", "gate"].flatMap((job) => gitlab[job]?.script ?? []),
  ...commandsIn("docs/ci.md"),
  ...commandsIn("README.md"),
].flatMap((code) => {
  const [, command] = /\bxchk"? (known \w+|\w+)/.exec(code) ?? [];
  return command === undefined
    ? []
    : [{ command, flags: [...code.matchAll(/(?<=[\s(])--[a-z-]+/g)].map(([flag]) => flag) }];
});

describe("every flag of xchk that the action and the documents use exists", () => {
  const help = new Map<string, string>();
  beforeAll(async () => {
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    const { argv } = process;
    for (const command of new Set(uses.map((use) => use.command))) {
      let said = "";
      const write = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
        said += String(chunk);
        return true;
      });
      process.argv = ["node", "xchk", ...command.split(" "), "--help"];
      // The command line runs as it is imported, each time for the first time.
      vi.resetModules();
      await import("../main.ts");
      write.mockRestore();
      help.set(command, said);
    }
    process.argv = argv;
    exit.mockRestore();
  }, 60_000);

  test.each(uses)("xchk $command $flags", ({ command, flags }) => {
    const known = [...(help.get(command) ?? "").matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect(known).toEqual(expect.arrayContaining(flags));
  });

  test("and the scan has found them", () => {
    const commands = uses.map((use) => use.command);
    expect(commands).toEqual(expect.arrayContaining(["fuzz", "gate", "known add", "known list"]));
    expect(uses.find(({ command }) => command === "fuzz")?.flags).toEqual(
      expect.arrayContaining(["--candidate", "--seed", "--known", "--reveal", "--report-dir"]),
    );
  });
});

describe("action.yml", () => {
  const used = [...text("action.yml").matchAll(/inputs\.([a-z-]+)/g)].map(([, name]) => name);

  test("uses each input that it declares, and none that it does not", () => {
    expect([...new Set(used)].sort()).toEqual(Object.keys(action.inputs).sort());
    for (const { description } of Object.values(action.inputs)) expect(description).not.toBe("");
  });

  test("is a composite whose scripts name their shell, and in which an input is never code", () => {
    expect(action.runs.using).toBe("composite");
    for (const step of action.runs.steps) if (step.run !== undefined) expect(step.shell).toBe("bash");
    for (const script of scripts) expect(script).not.toContain("${{");
  });

  test("has outputs that some step sets", () => {
    for (const [name, { value }] of Object.entries(action.outputs)) {
      expect(value).toContain(`steps.gate.outputs.${name}`);
      expect(action.runs.steps.find(({ id }) => id === "gate")?.run).toContain(`${name}=%s`);
    }
  });

  test("is described input by input, with the right defaults", () => {
    const rows = [...text("docs/ci.md").matchAll(/^\| `([a-z-]+)` \| (?:`([^`]*)`|[^|]+) \|/gm)];
    expect(rows.map(([, name]) => name)).toEqual(Object.keys(action.inputs));
    for (const [, name = "", shown] of rows) expect([name, shown ?? ""]).toEqual([name, action.inputs[name]?.default]);
  });
});

/** What the commands about finished runs share: their directories, their words, and GitHub. */
import { existsSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { journalIn } from "../../reports/read.ts";
import { BadArgument } from "../servers/endpoints.ts";

/** Where a command's words go, and what it knows of where it runs. `process` has both. */
export interface Surroundings {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Throws `BadArgument` for a directory without a journal, and for one that is named twice: its run would count twice. */
export function expectJournals(dirs: readonly string[]): void {
  for (const [at, dir] of dirs.entries()) {
    if (!existsSync(journalIn(dir))) throw new BadArgument("DIR", dir, "has no journal.jsonl");
    if (dirs.indexOf(dir) !== at) throw new BadArgument("DIR", dir, "is named twice");
  }
}

/** The day of now, `YYYY-MM-DD`, in UTC. */
export const today = (): string => new Date().toISOString().slice(0, 10);

/** Prints workflow commands and adds to the step summary, where GitHub has named its file. */
export async function tellGitHub(
  { stdout, env }: Surroundings,
  said: { readonly annotations: string; readonly summary: string },
): Promise<void> {
  stdout.write(said.annotations);
  const file = env.GITHUB_STEP_SUMMARY;
  if (file !== undefined && file !== "") await appendFile(file, said.summary);
}

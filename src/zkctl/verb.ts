/** How a command file adds its commands to zkctl's command line. */
import type { Command } from "commander";
import type { Job } from "./job.ts";

/** Declares one command: `usage` with commander's placeholders, `about` in one line. */
export type Verb = (usage: string, about: string) => Command;

/** Takes the job that the command line turned out to ask for. */
export type Ask = (job: Job) => void;

/** The flag that makes a write conditional on the version of the data. */
export const versionFlag = "-v, --data-version <n>";

/** All mutants: backends that lie in one named way each, to see whether the judge notices. */

import { pastContentMutants } from "./mutants/content-past.ts";
import { massMutants } from "./mutants/masses.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { oversightMutants } from "./mutants/oversights.ts";
import { persistentMutants } from "./mutants/persistent.ts";
import { reapingMutants } from "./mutants/reaping.ts";
import { refusalMutants } from "./mutants/refusals.ts";
import { replyMutants } from "./mutants/replies.ts";
import { rareReplyMutants } from "./mutants/replies-past.ts";
import { resumeMutants } from "./mutants/resumes.ts";
import { sessionMutants } from "./mutants/sessions.ts";
import { statMutants } from "./mutants/stat.ts";
import { pastStatMutants } from "./mutants/stat-past.ts";
import { pastWatchMutants } from "./mutants/watch-past.ts";
import { watchMutants } from "./mutants/watches.ts";

export type { Mutant, MutantClass } from "./mutants/mutant.ts";

/** By class, in the order of the files. */
export const mutants: readonly Mutant[] = [
  ...statMutants,
  ...replyMutants,
  ...watchMutants,
  ...sessionMutants,
  ...pastStatMutants,
  ...pastContentMutants,
  ...pastWatchMutants,
  ...persistentMutants,
  ...resumeMutants,
  ...refusalMutants,
  ...rareReplyMutants,
  ...reapingMutants,
  ...massMutants,
  ...oversightMutants,
];

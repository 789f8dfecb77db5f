/** Access control lists as zkCli writes them: `world:anyone:cdrwa,digest:joe:hash=:r`. */
import { permBits } from "../protocol/opcodes.ts";
import type { ACL } from "../protocol/records.ts";

/** One letter per permission, in zkCli's order. */
const letters = [
  ["c", permBits.create],
  ["d", permBits.delete],
  ["r", permBits.read],
  ["w", permBits.write],
  ["a", permBits.admin],
] as const;

/** Reads `SCHEME:ID:PERMS`, separated by commas; undefined when an entry is none. The id may hold colons. */
export function parseAcl(text: string): ACL[] | undefined {
  const entries = text.split(",").map((entry) => {
    const [, scheme, id, perms] = /^([^:]+):(.*):([cdrwa]+)$/.exec(entry.trim()) ?? [];
    if (scheme === undefined || id === undefined || perms === undefined) return undefined;
    const bits = letters.reduce((sum, [letter, bit]) => (perms.includes(letter) ? sum | bit : sum), 0);
    return { perms: bits, id: { scheme, id } };
  });
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

/** The letters of a permission mask; bits without a letter are not shown. */
export const printPerms = (perms: number): string =>
  letters.flatMap(([letter, bit]) => ((perms & bit) === 0 ? [] : [letter])).join("");

/** One entry, the way {@link parseAcl} reads it. */
export const printAcl = ({ perms, id }: ACL): string => `${id.scheme}:${id.id}:${printPerms(perms)}`;

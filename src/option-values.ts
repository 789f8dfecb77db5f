/** How the values of single flags are read. Errors of all: `BadOption`. */
import { type HostPort, parseHostPort } from "./addresses.ts";
import { BadOption } from "./flags.ts";

/** A flag's name on the command line: `zkClientAuth` is `--zk-client-auth`. */
export const dashed = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** `HOST:PORT`. */
export function hostPort(flag: string, text: string): HostPort {
  const address = parseHostPort(text);
  if (address === undefined)
    throw new BadOption(`${flag} is HOST:PORT, like 127.0.0.1:2181, not ${JSON.stringify(text)}`);
  return address;
}

/** Decimal or 0x-hexadecimal, up to what a signed 32-bit integer holds. */
export function wholeNumber(flag: string, text: string | number, { min }: { readonly min: number }): number {
  const value = /^(0x[\da-f]+|\d+)$/i.test(String(text)) ? Number(text) : Number.NaN;
  if (value >= min && value <= 0x7fffffff) return value;
  throw new BadOption(`${flag} is a whole number from ${min} to 2147483647, not ${JSON.stringify(String(text))}`);
}

/** Where keys stand in etcd. */
export function keyPrefix(text: string): string {
  const prefix = text.replace(/\/+$/, "");
  if (/^\/[\x21-\x7e]+$/.test(prefix)) return prefix;
  throw new BadOption(`--prefix is a path like /zetcd, not ${JSON.stringify(text)}`);
}

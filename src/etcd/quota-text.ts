/** The text of quota limits and statistics, `count=4,bytes=-1=;byteHardLimit=20`. Source: StatsTrack (3.9). */
import type { Size } from "./quotas.ts";

/** Its values by name; `count` and `bytes` are −1 where the text has none, the others are kept as they are. */
export interface QuotaText {
  readonly count: bigint;
  readonly bytes: bigint;
  readonly values: ReadonlyMap<string, bigint>;
}

/** Java's String.split drops empty parts at the end. */
function split(text: string, separator: string | RegExp): string[] {
  const parts = text.split(separator);
  while (parts.at(-1) === "") parts.pop();
  return parts;
}

/** A Java long in decimal; nothing between the equals signs stands for −1. */
function longOf(text: string | undefined): bigint | undefined {
  if (text === "") return -1n;
  if (text === undefined || !/^[+-]?\d{1,30}$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** Reads pairs separated by any run of commas and semicolons; `undefined` for null and for text that ends a ZooKeeper. The odd equals sign behind
 *  a pair, which keeps old parsers from reading on, is ignored. */
export function parseQuota(data: Buffer | null): QuotaText | undefined {
  if (data === null) return undefined;
  const values = new Map<string, bigint>();
  const text = data.toString("utf8");
  for (const pair of text === "" ? [] : split(text, /[,;]+/)) {
    const [name, digits] = split(pair, "=");
    const value = longOf(digits);
    if (name === undefined || value === undefined) return undefined;
    values.set(name, value);
  }
  return { values, count: values.get("count") ?? -1n, bytes: values.get("bytes") ?? -1n };
}

/** The canonical text, moved by a size: count and bytes first, the rest sorted by name behind the odd equals sign. */
export function printQuota(quota: QuotaText, by: Size): Buffer {
  const moved = (value: bigint, more: number): bigint => BigInt.asIntN(64, value + BigInt(more));
  const rest = [...quota.values].filter(([name]) => name !== "count" && name !== "bytes");
  rest.sort(([a], [b]) => (a < b ? -1 : 1));
  const tail = rest.map(([name, value]) => `;${name}=${value}`).join("");
  const head = `count=${moved(quota.count, by.count)},bytes=${moved(quota.bytes, by.bytes)}`;
  return Buffer.from(tail === "" ? head : `${head}=${tail}`);
}

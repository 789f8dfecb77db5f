/** A 64-bit integer, canonical: a `number` inside ±(2^53 − 1), a `bigint` outside, so `===`, `<` and Map keys mean what they say and
 *  the hot path (zxids, times) never allocates a BigInt. Build one only through the functions of this file. */
export type Int64 = number | bigint;

const LOW = 0x1_0000_0000;

/** Joins two halves into a canonical Int64. `high` is a signed, `low` an unsigned 32-bit integer. */
export function int64(high: number, low: number): Int64 {
  const wide = high * LOW + low;
  return Number.isSafeInteger(wide) ? wide : (BigInt(high) << 32n) | BigInt(low);
}

/** The canonical form of any integer in the signed 64-bit range; wider values wrap, as Java's long does. */
export function canonicalInt64(value: Int64): Int64 {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  const wrapped = BigInt.asIntN(64, BigInt(value));
  const narrow = Number(wrapped);
  return Number.isSafeInteger(narrow) ? narrow : wrapped;
}

/** The signed upper 32 bits. */
export function highHalf(value: Int64): number {
  return typeof value === "number" ? Math.floor(value / LOW) | 0 : Number(BigInt.asIntN(32, value >> 32n));
}

/** The unsigned lower 32 bits. */
export function lowHalf(value: Int64): number {
  return typeof value === "number" ? value >>> 0 : Number(BigInt.asUintN(32, value));
}

/** Puts a long over the eight bytes at `at`, big-endian as jute has it. */
export function writeInt64(bytes: Buffer, at: number, value: Int64): void {
  bytes.writeInt32BE(highHalf(value), at);
  bytes.writeUInt32BE(lowHalf(value), at + 4);
}

/** Hex digits behind `0x`, two's complement, without leading zeros: the way ZooKeeper prints session ids and zxids (Long.toHexString). */
export function int64Hex(value: Int64): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}

/** JSON as ZooKeeper's AdminServer prints it: 64-bit integers as plain digits, two blanks of indentation, lists on one line.
 *  Source: JsonOutputter (3.9), whose ObjectMapper indents its output. */

/** What can be printed. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json };

/** The text, without a line end. */
export function printJson(value: Json, indent = ""): string {
  if (typeof value === "bigint") return String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value))
    return value.length === 0 ? "[ ]" : `[ ${value.map((each) => printJson(each, indent)).join(", ")} ]`;
  const deeper = `${indent}  `;
  const rows = Object.entries(value).map(
    ([key, each]) => `${deeper}${JSON.stringify(key)} : ${printJson(each, deeper)}`,
  );
  return rows.length === 0 ? "{ }" : `{\n${rows.join(",\n")}\n${indent}}`;
}

const isList = (value: object): value is readonly Json[] => Array.isArray(value);

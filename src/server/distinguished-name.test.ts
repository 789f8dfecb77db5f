import { expect, test } from "vitest";
import { subjectName } from "./distinguished-name.ts";

/** One element in DER. */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const oids = {
  CN: "550403",
  O: "55040a",
  C: "550406",
  UID: "0992268993f22c640101",
  DC: "0992268993f22c640119",
  emailAddress: "2a864886f70d010901",
  serialNumber: "550405",
} as const;

const attribute = (type: keyof typeof oids, value: string | Buffer, tag = 0x0c) =>
  der(0x30, der(0x06, Buffer.from(oids[type], "hex")), der(tag, Buffer.from(value)));

/** As much of a certificate as stands before and behind its subject. */
function certificate(...names: readonly Buffer[][]): Buffer {
  const nothing = der(0x30);
  const subject = der(0x30, ...names.map((attributes) => der(0x31, ...attributes)));
  const head = [der(0xa0, der(0x02, Buffer.of(2))), der(0x02, Buffer.of(1)), nothing, nothing, nothing];
  return der(0x30, der(0x30, ...head, subject, nothing), nothing, nothing);
}

test.each<[string, Buffer[][], string]>([
  ["one attribute", [[attribute("CN", "alice")]], "CN=alice"],
  [
    "the last attribute first",
    [[attribute("C", "DE", 0x13)], [attribute("O", "Example")], [attribute("CN", "alice")]],
    "CN=alice,O=Example,C=DE",
  ],
  ["several attributes in one name", [[attribute("CN", "a"), attribute("UID", "b")]], "CN=a+UID=b"],
  ["special characters", [[attribute("CN", 'a,b+c"d\\e<f>g;h=i#j')]], 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\=i\\#j'],
  ["blanks at the ends", [[attribute("CN", "  a b ")]], "CN=\\ \\ a b\\ "],
  ["nothing but blanks", [[attribute("CN", "  ")]], "CN=\\ \\ "],
  ["a zero", [[attribute("CN", "a\0b")]], "CN=a\\00b"],
  ["not only ASCII", [[attribute("CN", "Zoë 東")]], "CN=Zoë 東"],
  ["a domain", [[attribute("DC", "org", 0x16)], [attribute("DC", "example", 0x16)]], "DC=example,DC=org"],
  [
    "a type without keyword: dots and hexadecimal",
    [[attribute("CN", "alice")], [attribute("emailAddress", "a@b.c", 0x16)]],
    "1.2.840.113549.1.9.1=#16056140622e63,CN=alice",
  ],
  ["a keyword that only other formats have", [[attribute("serialNumber", "7", 0x13)]], "2.5.4.5=#130137"],
  ["a value that is no text", [[attribute("CN", Buffer.of(5), 0x02)]], "CN=#020105"],
  ["a long value", [[attribute("CN", "x".repeat(300))]], `CN=${"x".repeat(300)}`],
  ["no name at all", [], ""],
])("%s", (_name, names, expected) => expect(subjectName(certificate(...names))).toBe(expected));

test.each(["", "3003020101", "3082ffff", "30053003020101", "30"])("%j is no certificate", (hex) => {
  expect(() => subjectName(Buffer.from(hex, "hex"))).toThrow(RangeError);
});

/** A certificate's subject as Java prints it, because ACLs of scheme x509 hold that text. Source: RFC 2253 as javax.security.auth.x500
 *  X500Principal.getName() implements it (sun.security.x509.X500Name, AVA.toRFC2253String; OpenJDK 17). */
import { derElements, derTags, dottedObjectId } from "./der.ts";

/** Attribute types with a keyword; all others are printed in dots, and their values in hexadecimal. */
const keywords: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
};

/** Tags of the string types that Java prints as text: UTF8, Printable, T61, IA5, General and BMP. */
const textTags: ReadonlySet<number> = new Set([0x0c, 0x13, 0x14, 0x16, 0x1b, 0x1e]);

/** The subject of a certificate in DER: the last attribute first, separated by commas. Errors: `RangeError` for what is no certificate. */
export function subjectName(certificate: Buffer): string {
  const [body] = derElements(inside(certificate));
  const fields = derElements(body?.content ?? Buffer.alloc(0));
  const [, , , , subject] = fields[0]?.tag === derTags.version ? fields.slice(1) : fields;
  if (subject?.tag !== derTags.sequence) throw new RangeError("no subject where a certificate has one");
  const names = derElements(subject.content).map((name) => derElements(name.content).map(attribute).join("+"));
  return names.reverse().join(",");
}

/** What the one element that makes up `bytes` holds. */
const inside = (bytes: Buffer): Buffer => derElements(bytes)[0]?.content ?? Buffer.alloc(0);

function attribute({ content }: { readonly content: Buffer }): string {
  const [type, value] = derElements(content);
  if (type?.tag !== derTags.objectId || value === undefined) throw new RangeError("an attribute without type or value");
  const oid = dottedObjectId(type.content);
  const keyword = keywords[oid];
  if (keyword === undefined || !textTags.has(value.tag)) return `${keyword ?? oid}=#${value.whole.toString("hex")}`;
  return `${keyword}=${escaped(value.content.toString("utf8"))}`;
}

/** Special characters behind a backslash, and so is white space at either end. */
function escaped(text: string): string {
  const special = text.replaceAll(/[,=+<>#;"\\]/g, "\\$&").replaceAll("\0", "\\00");
  const [lead = ""] = /^[ \r]*/.exec(special) ?? [];
  if (lead.length === special.length) return special.replaceAll(/[ \r]/g, "\\$&");
  const [trail = ""] = /[ \r]*$/.exec(special) ?? [];
  const middle = special.slice(lead.length, special.length - trail.length);
  return `${lead.replaceAll(/./gs, "\\$&")}${middle}${trail.replaceAll(/./gs, "\\$&")}`;
}

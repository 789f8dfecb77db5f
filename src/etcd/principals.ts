/** Which texts ZooKeeper takes for ids of the schemes sasl and x509. Whether anybody bears the name is never asked. */

/** A Kerberos principal, or any name without an `@`. Source: KerberosName (3.9). */
export const isSaslId = (id: string): boolean => !id.includes("@") || /^[^/@]*(\/[^/@]*)?@[^/@]*$/.test(id);

/** Attribute types that Java knows by name. Source: sun.security.x509.AVAKeyword (OpenJDK 17). */
const attributeTypes: ReadonlySet<string> = new Set(
  (
    "CN C L S ST O OU T IP STREET DC DNQUALIFIER DNQ SURNAME GIVENNAME INITIALS GENERATION EMAIL EMAILADDRESS UID " +
    "SERIALNUMBER"
  ).split(" "),
);

/** One attribute, the separator before it included: a type, then a value in hexadecimal, in quotes, or with its special characters escaped. No two
 *  neighbouring parts can share a character, so that a long id costs no more than its length. */
const attribute =
  /(?<separator>[,;+]?)(?<type>[^=]*)=[ \n]*(?![ \n])(?:#(?:[\da-f]{2})+\s*|"(?:\\[\s\S]|[^"\\])*"\s*|(?![#"])(?:\\(?:[\da-f]{2}|[,=\n+<>#;\\" ])|[^\\,+<>;"])*)(?=[,;+]|$)/iy;

/** A distinguished name as X500Principal's constructor takes it; the empty text is one. Source: sun.security.x509.X500Name.parseDN, AVA. */
export function isDistinguishedName(id: string): boolean {
  attribute.lastIndex = 0;
  for (let isFirst = true; attribute.lastIndex < id.length; isFirst = false) {
    const { separator = "", type = "" } = attribute.exec(id)?.groups ?? {};
    if ((separator === "") !== isFirst || !isAttributeType(type.trim().toUpperCase())) return false;
  }
  return true;
}

const isAttributeType = (type: string): boolean =>
  attributeTypes.has(type) || /^(OID\.)?[0-2](\.(0|[1-9]\d*))+$/.test(type);

import { describe, expect, test } from "vitest";
import { isDistinguishedName, isSaslId } from "./principals.ts";

describe("ids of scheme x509, as X500Principal's constructor takes them", () => {
  test.each([
    "",
    "CN=alice",
    "cn = alice , o=Example;C=DE",
    "CN=a+UID=b,DC=org",
    "CN=",
    "1.2.840.113549.1.9.1=#16056140622e63,CN=alice",
    "OID.2.5.4.3=x",
    'CN="a,b",O=c',
    "CN=a\\,b\\2C\\ ",
    "CN=a=b#c",
    "CN=Zoë",
    "CN=a O",
  ])("%j is one", (id) => expect(isDistinguishedName(id)).toBe(true));

  test.each([
    "alice",
    "CN",
    "CN=a,",
    ",CN=a",
    "CN=a,,O=b",
    "XX=a",
    "CN=a\\",
    "CN=a\\x",
    'CN="a',
    "CN=a<b",
    "CN=#zz",
    "=a",
  ])("%j is none", (id) => expect(isDistinguishedName(id)).toBe(false));

  test("a megabyte of blanks costs no more than a megabyte", () => {
    const blanks = " ".repeat(1_000_000);
    const start = performance.now();
    for (const id of [blanks, `CN=${blanks}<`, `CN=a${blanks}"`, `${blanks}=`, `CN="a"${blanks}x`])
      isDistinguishedName(id);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe("ids of scheme sasl, as KerberosName takes them", () => {
  test.each(["", "bob", "a/b/c", "a/b@c", "bob@REALM", "@", "super"])("%j is one", (id) =>
    expect(isSaslId(id)).toBe(true),
  );
  test.each(["a@b@c", "a/b/c@d", "a@b/c"])("%j is none", (id) => expect(isSaslId(id)).toBe(false));
});

/** Source of every rule: zookeeper-semantics sections 9.2 to 9.6. */
import { describe, expect, test } from "vitest";
import { openAcl } from "../protocol/opcodes.ts";
import {
  type AclPolicy,
  certificateIdentities,
  digestIdentity,
  fixupAcl,
  type Identity,
  isAdmitted,
  isPermitted,
  redactedAcl,
} from "./acl.ts";

const policy: AclPolicy = { superDigest: null, ipv6: true };
const entry = (perms: number, scheme: string | null, id: string | null) => ({ perms, id: { scheme, id } });
const alice: Identity = { scheme: "digest", id: "alice:h" };
const bob: Identity = { scheme: "digest", id: "bob:h" };
const local: Identity = { scheme: "ip", id: "127.0.0.1" };
const root: Identity = { scheme: "super", id: "" };
const fixed = (acl: Parameters<typeof fixupAcl>[0], identities: Identity[] = [local]) =>
  fixupAcl(acl, identities, policy);

test("digestIdentity hashes the whole token and shows what stands before the first colon", () => {
  expect(digestIdentity(Buffer.from("super:admin"))).toBe("super:xQJmxLMiHGwaqBvst5y6rkB6HQs=");
  expect(digestIdentity(Buffer.from("nocolon"))).toMatch(/^nocolon:[A-Za-z0-9+/]{27}=$/);
  expect(digestIdentity(Buffer.from("a:b:c")).startsWith("a:")).toBe(true);
  expect(digestIdentity(Buffer.alloc(0))).toBe(":2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
});

test.each([
  ["ff3a70", "c33a70"],
  ["eda0803a70", "ff3a70"],
  ["753aff", "753aefbfbd"],
])("the tokens %s and %s are the same text, and so the same identity", (one, other) => {
  expect(digestIdentity(Buffer.from(one, "hex"))).toBe(digestIdentity(Buffer.from(other, "hex")));
});

test("a connection is admitted with one of the schemes that are required", () => {
  const policy: AclPolicy = { superDigest: null, ipv6: true };
  expect(isAdmitted([local], policy)).toBe(true);
  expect(isAdmitted([local], { ...policy, requiredSchemes: ["digest", "sasl"] })).toBe(false);
  expect(isAdmitted([local, alice], { ...policy, requiredSchemes: ["digest", "sasl"] })).toBe(true);
});

test("a certificate's owner is who it says, and may do everything if the server says so", () => {
  const policy: AclPolicy = { superDigest: null, ipv6: true, superCertificate: "CN=root" };
  expect(certificateIdentities("CN=bob", policy)).toEqual([{ scheme: "x509", id: "CN=bob" }]);
  expect(isPermitted([entry(31, "x509", "CN=bob")], 1, certificateIdentities("CN=root", policy))).toBe(true);
});

describe("a list", () => {
  test.each([
    ["null", null],
    ["empty", []],
    ["with an unknown scheme", [entry(31, "foo", "x")]],
    ["with an empty scheme", [entry(31, "", "x")]],
    ["with scheme super", [entry(31, "super", "x")]],
    ["with scheme sasl, not configured", [entry(31, "sasl", "x")]],
    ["with a null scheme", [entry(31, null, "x")]],
    ["with world and another id", [entry(31, "world", "everyone")]],
    ["with one bad entry among good ones", [entry(31, "world", "anyone"), entry(1, "foo", "x")]],
    ["with auth, and nobody authenticated", [entry(31, "auth", "")]],
  ])("%s is invalid", (_, acl) => {
    expect(fixed(acl)).toBeNull();
  });

  test.each([
    ["world", [entry(31, "world", null)]],
    ["digest", [entry(31, "digest", null)]],
  ])("with a null id of %s breaks reading", (_, acl) => {
    expect(fixed(acl)).toBe("broken");
  });

  test("with a null scheme breaks behind an entry of equal permissions, and is only invalid elsewhere (seen on 3.8.0)", () => {
    expect(fixed([entry(1, "world", "anyone"), entry(1, null, "x")])).toBe("broken");
    expect(fixed([entry(2, "world", "anyone"), entry(1, null, "x")])).toBeNull();
    expect(fixed([entry(1, null, "x")])).toBeNull();
  });

  test("loses exact duplicates, keeps the first, and the same id with other permissions", () => {
    const [a, b] = [entry(1, "digest", "a:b"), entry(2, "digest", "a:b")];
    expect(fixed([b, a, { ...a }, b, entry(1, "world", "anyone")])).toEqual([b, a, entry(1, "world", "anyone")]);
  });

  test("keeps permissions as they are, also senseless ones", () => {
    for (const perms of [0, 32, -1, 63]) expect(fixed([entry(perms, "world", "anyone")])).toMatchObject([{ perms }]);
  });

  test("of one open entry is the shared one", () => {
    expect(fixed([entry(31, "world", "anyone")])).toBe(openAcl);
  });
});

test("auth stands, in place, for everything proven: neither address nor super", () => {
  const acl = [entry(1, "world", "anyone"), entry(31, "auth", "ignored"), entry(2, "ip", "1.2.3.4")];
  expect(fixed(acl, [local, alice, root, bob])).toEqual([
    entry(1, "world", "anyone"),
    entry(31, "digest", "alice:h"),
    entry(31, "digest", "bob:h"),
    entry(2, "ip", "1.2.3.4"),
  ]);
  expect(fixed([entry(31, "auth", null)], [alice])).toEqual([entry(31, "digest", "alice:h")]);
  expect(fixed([entry(31, "auth", "")], [local, root])).toBeNull();
});

describe("a digest id is judged by its colons only", () => {
  test.each(["u:h", ":b", "a:b:"])("%s is valid", (id) => expect(fixed([entry(1, "digest", id)])).not.toBeNull());
  test.each(["u", "a:", ":", "", "a:b:c"])("'%s' is not", (id) => expect(fixed([entry(1, "digest", id)])).toBeNull());
});

describe("an ip id", () => {
  const good = ["1.2.3.4", "1.2.3.4/0", "1.2.3.4/32", "01.2.3.4", "+1.2.3.4", "::1", "::1/0", "fe80::/128"];
  const bad = ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "-1.2.3.4", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/", "1.2.3.4/x"];
  test.each(good)("%s is valid", (id) => expect(fixed([entry(1, "ip", id)])).not.toBeNull());
  test.each([...bad, "a.b.c.d", "::1/129", "1.2.3.4/5/6"])("'%s' is not", (id) =>
    expect(fixed([entry(1, "ip", id)])).toBeNull(),
  );
  test("of the newer kind is invalid before 3.9.4", () => {
    expect(fixupAcl([entry(1, "ip", "::1")], [], { ...policy, ipv6: false })).toBeNull();
  });
});

describe("a permission", () => {
  test("is granted to anyone by world, whatever stands beside it", () => {
    expect(isPermitted([entry(2, "digest", "x:y"), entry(1, "world", "anyone")], 1, [])).toBe(true);
    expect(isPermitted([entry(1, "world", "anyone")], 2, [local])).toBe(false);
  });

  test("is granted by an empty list", () => {
    expect(isPermitted([], 16, [])).toBe(true);
  });

  test("is granted to the exact digest only", () => {
    expect(isPermitted([entry(31, "digest", "alice:h")], 4, [local, alice])).toBe(true);
    expect(isPermitted([entry(31, "digest", "alice:h")], 4, [local, bob])).toBe(false);
    expect(isPermitted([entry(31, "digest", "alice:h")], 4, [{ scheme: "sasl", id: "alice:h" }])).toBe(false);
  });

  test("is granted to super, whatever the list says", () => {
    expect(isPermitted([entry(0, "digest", "x:y")], 31, [root])).toBe(true);
  });

  test("is asked for as any of several bits", () => {
    expect(isPermitted([entry(16, "world", "anyone")], 1 | 16, [])).toBe(true);
  });

  test.each([
    ["127.0.0.1", "127.0.0.1", true],
    ["127.0.0.1", "127.0.0.2", false],
    ["127.9.9.9", "127.0.0.1/8", true],
    ["128.0.0.1", "127.0.0.1/8", false],
    ["10.1.2.3", "10.1.2.3/31", true],
    ["10.1.2.1", "10.1.2.3/31", false],
    ["8.8.8.8", "1.2.3.4/0", true],
    ["::ffff:10.0.0.1", "10.0.0.0/8", true],
    ["::1", "::1", true],
    ["fe80::1:2", "fe80::/16", true],
    ["fe81::1", "fe80::/16", false],
    ["::1", "0.0.0.0/0", false],
  ])("from %s under %s: %s", (address, id, granted) => {
    expect(isPermitted([entry(1, "ip", id)], 1, [{ scheme: "ip", id: address }])).toBe(granted);
  });
});

test("redaction hides every digest behind x and nothing else", () => {
  const acl = [entry(1, "digest", "a:secret"), entry(2, "world", "anyone"), entry(4, "ip", "::1")];
  expect(redactedAcl(acl)).toEqual([entry(1, "digest", "a:x"), entry(2, "world", "anyone"), entry(4, "ip", "::1")]);
  expect(acl[0]).toEqual(entry(1, "digest", "a:secret"));
});

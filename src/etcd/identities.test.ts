import { expect, test } from "vitest";
import { digestIdentity } from "./acl.ts";
import { withIdentities } from "./identities.ts";

const digest = (id: string) => ({ scheme: "digest", id });

test("identities come in the order in which ZooKeeper expands auth (seen on 3.8.0 and 3.9.5)", () => {
  const nobody = digest(digestIdentity(Buffer.from("")));
  const named = digest(digestIdentity(Buffer.from("nocolon")));
  expect(withIdentities(withIdentities([], [nobody]), [named])).toEqual([named, nobody]);
});

test("an identity shown twice counts once", () => {
  expect(withIdentities([digest("a:1")], [digest("a:1")])).toEqual([digest("a:1")]);
});

test("the order does not depend on the order of arrival", () => {
  const shown = ["a:1", "b:2", "c:3", "d:4", "e:5"].map(digest);
  const forth = shown.reduce<readonly { scheme: string; id: string }[]>(
    (known, one) => withIdentities(known, [one]),
    [],
  );
  const back = shown.reduceRight<readonly { scheme: string; id: string }[]>(
    (known, one) => withIdentities(known, [one]),
    [],
  );
  expect(forth).toEqual(back);
});

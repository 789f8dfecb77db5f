import { expect, test } from "vitest";
import { parseSaslUsers } from "./sasl-users.ts";

const users = (text: string) => {
  const parsed = parseSaslUsers(text);
  return parsed.is === "users" ? Object.fromEntries(parsed.users) : parsed.why;
};

test("lines of user and password; a password may hold anything", () => {
  expect(users("# people\nalice=secret\n\nbob=a=b # c\r\ncarol=\n")).toEqual({
    alice: "secret",
    bob: "a=b # c",
    carol: "",
  });
  expect(users("alice={secret};")).toEqual({ alice: "{secret};" });
});

test("a JAAS file's section Server", () => {
  const jaas = `
/* everyone */
Client { org.apache.zookeeper.server.auth.DigestLoginModule required username="x" password="y"; };
Server {
  // the one and only
  org.apache.zookeeper.server.auth.DigestLoginModule required
    # nobody="here"
    user_super="admin//secret"
    user_bob = "with \\"quotes\\"";
};
Other { module required user_eve="no"; };`;
  expect(users(jaas)).toEqual({ super: "admin//secret", bob: 'with "quotes"' });
});

test.each([
  ["alice", "line 1 is not USER=PASSWORD"],
  ["a=b\n=c", "line 2 is not USER=PASSWORD"],
  ["\n# nobody\n", "names no user"],
  ['Client { m required user_a="b"; };', "has no section Server"],
  ["Server { m required; };", 'has no user_NAME="PASSWORD" in section Server'],
])("%j: %s", (text, why) => expect(users(text)).toBe(why));

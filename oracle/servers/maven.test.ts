import { describe, expect, test } from "vitest";
import { mirrorOfCentral } from "./maven.ts";

/** A settings.xml with these mirrors, each given as its mirrorOf and URL. */
const settings = (...mirrors: readonly (readonly [of: string, url: string])[]) =>
  `<settings><mirrors>${mirrors
    .map(([of, url]) => `\n<mirror>\n<id>x</id>\n<mirrorOf>${of}</mirrorOf>\n<url>${url}</url></mirror>`)
    .join("")}</mirrors></settings>`;

describe("the mirror of Maven Central in a settings.xml", () => {
  test.each(["central", "*", "external:*", "*,!internal", "internal,central"])("is the one for %s", (of) => {
    const text = settings(["external:http:*", "http://0.0.0.0/"], [of, "https://mirror.example/maven2/"]);
    expect(mirrorOfCentral(text)).toBe("https://mirror.example/maven2");
  });

  test("is none when the mirrors are for others, or commented out", () => {
    expect(
      mirrorOfCentral(settings(["external:http:*", "http://0.0.0.0/"], ["jboss", "https://a.example"])),
    ).toBeUndefined();
    expect(mirrorOfCentral(`<!-- ${settings(["central", "https://a.example"])} -->`)).toBeUndefined();
    expect(mirrorOfCentral("")).toBeUndefined();
  });
});

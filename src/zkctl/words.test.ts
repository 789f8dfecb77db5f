import { expect, test } from "vitest";
import { wordsOf } from "./words.ts";

test.each([
  ["", []],
  ["  set  /a\tx ", ["set", "/a", "x"]],
  [`set /a "two words" ''`, ["set", "/a", "two words", ""]],
  [String.raw`"a\"b" 'a\b' a\ b`, [`a"b`, String.raw`a\b`, "a b"]],
  [`a"b c"d`, ["ab cd"]],
  [`set "/a`, undefined],
])("%j", (line, words) => {
  expect(wordsOf(line)).toEqual(words);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { nearest } from "../../src/core/suggest.ts";
import { threadMs } from "../harness/thread-time.ts";

const KEYS = ["temperature", "top_p", "top_k", "timeout", "max_new_tokens", "num_retries", "stop", "stream"];

test.each([
  ["temprature", "temperature"],
  ["Temperature", "temperature"],
  ["max-new-tokens", "max_new_tokens"],
  ["max_new_token", "max_new_tokens"],
  ["tmieout", "timeout"],
  ["steram", "stream"],
  ["sotp", "stop"],
])("suggests %s -> %s", (word, meant) => expect(nearest(word, KEYS)).toBe(meant));

test("suggests nothing for a distant word", () => {
  expect(nearest("flavour", KEYS)).toBeUndefined();
  expect(nearest("", KEYS)).toBeUndefined();
  expect(nearest("x", [])).toBeUndefined();
});

test("suggests an exact match, and always finds one typo in a long word", () => {
  fc.assert(
    fc.property(fc.constantFrom(...KEYS), (key) => {
      expect(nearest(key, KEYS)).toBe(key);
    }),
  );
  fc.assert(
    fc.property(fc.constantFrom("temperature", "max_new_tokens", "num_retries"), fc.nat(), (key, at) => {
      const index = at % key.length;
      expect(nearest(key.slice(0, index) + key.slice(index + 1), KEYS)).toBe(key);
    }),
  );
});

test("handles a very long word cheaply", () => {
  const started = threadMs();
  expect(nearest("x".repeat(1_000_000), KEYS)).toBeUndefined();
  expect(threadMs() - started).toBeLessThan(50);
});

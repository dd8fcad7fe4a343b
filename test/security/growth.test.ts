import { describe, expect, test } from "vitest";
import { parseDuration, untilDate } from "../../src/core/duration.ts";
import { withoutEcho } from "../../src/core/echo.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import { modelErrorOf } from "../../src/core/failure.ts";
import { GrowingJson } from "../../src/core/growing-json.ts";
import { addressSecrets, maskedAddress } from "../../src/core/masked-address.ts";
import { withoutPrompt } from "../../src/core/prompt-echo.ts";
import { Secret } from "../../src/core/secret.ts";
import { tokenStripper } from "../../src/layers/token-stripper.ts";
import { SseFramer } from "../../src/transport/sse.ts";
import { targetOf } from "../harness/call-of.ts";
import { SECRETS } from "../harness/canary.ts";
import { threadMs } from "../harness/thread-time.ts";

const target = targetOf();
const exchange = {
  secrets: () => [new Secret(SECRETS.key)],
  prompt: () => ["The quick brown fox jumps over the lazy dog. "],
};

/** Functions that read text controlled by a provider. */
const READERS: readonly (readonly [name: string, read: (text: string) => unknown])[] = [
  ["an error body", (text) => modelErrorOf({ status: 500, body: text }, target)],
  [
    "an error body in JSON",
    (text) => modelErrorOf({ status: 400, body: { error: { message: text, type: text } } }, target),
  ],
  [
    "an error body full of errors",
    (text) =>
      modelErrorOf({ status: 400, body: `{"error":${JSON.stringify(JSON.stringify({ error: text }))}}` }, target),
  ],
  ["an error page", (text) => modelErrorOf({ status: 502, body: `<html><title>${text}` }, target)],
  ["an unfinished object", (text) => grow(`{"a":"${text.replaceAll(/["\\\n]/g, " ")}`, text.length)],
  ["an object in pieces", (text) => grow(`{"a":"${text.replaceAll(/["\\\n]/g, " ")}`, 40)],
  ["a wait", (text) => [parseDuration(text), untilDate(text, 0)]],
  ["an address", (text) => maskedAddress(`http://${text}`)],
  ["a text with addresses", (text) => addressSecrets(`http://${text}`)],
  ["one event", (text) => frame(`data: ${text}\n\n`, text.length)],
  ["an event in pieces", (text) => frame(`data: ${text}\n\n`, 1_000)],
  ["many events", (text) => frame(text.replace(/(.{1,40})/gs, "data: $1\n\n"), 4_096)],
  ["special tokens in pieces", (text) => strip(text, 64)],
];

function grow(text: string, size: number): unknown {
  const json = new GrowingJson();
  for (let at = 0; at < text.length; at += size) json.push(text.slice(at, at + size));
  return json.value();
}

/** Shapes that are slow for careless parsers. */
const SHAPES: readonly (readonly [name: string, piece: string])[] = [
  ["blanks", " "],
  ["letters", "a"],
  ["digits", "0"],
  ["brackets", "("],
  ["line breaks", "\n"],
  ["beginnings of tokens", "<|im_"],
  ["beginnings of keys", "sk-"],
  ["a prompt's words", "the lazy dog. "],
  ["backslashes", "\\"],
  ["opened tables", '{"a":'],
  ["pages", "<title>"],
  ["addresses", "?a=&"],
];

function frame(text: string, pieceBytes: number): number {
  const framer = new SseFramer();
  const bytes = Buffer.from(text);
  const out: unknown[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) framer.push(bytes.subarray(at, at + pieceBytes), out as never);
  return out.length;
}

function strip(text: string, pieceLength: number): number {
  const stripper = tokenStripper({ tokens: ["<|im_end|>", "<|im_start|>", "</s>"], where: "anywhere" });
  let length = 0;
  for (let at = 0; at < text.length; at += pieceLength) {
    const events: FlowEvent[] = [{ type: "text-delta", text: text.slice(at, at + pieceLength), sample: 0 }];
    for (const event of stripper?.pass(events) ?? []) if (event.type === "text-delta") length += event.text.length;
  }
  return length;
}

function leastMs(run: () => unknown): number {
  const times = Array.from({ length: 3 }, () => {
    const startMs = threadMs();
    run();
    return threadMs() - startMs;
  });
  return Math.min(...times);
}

const LONG = 1_000_000;
const QUICK_MS = 150;
const TIMES = 10;
const NOISE = 5;

/** Fast, or at most ten times as slow for ten times the text. `JSON.parse` has a step below LONG, so shorter texts say nothing. */
function expectLinear(run: (length: number) => unknown): void {
  const longMs = leastMs(() => run(LONG));
  if (longMs <= QUICK_MS) return;
  expect(leastMs(() => run(LONG * TIMES))).toBeLessThan(longMs * TIMES * NOISE);
}

for (const [reader, read] of READERS) {
  describe(`1 MB read as ${reader} takes linear time`, () => {
    test.each(SHAPES)("of %s", (_name, piece) => {
      expectLinear((length) => read(piece.repeat(Math.ceil(length / piece.length))));
    });
  });
}

describe("redacting an echo takes linear time", () => {
  const ERROR = 64 * 1024;

  test.each(SHAPES)("in 64 KiB of %s", (_name, piece) => {
    const text = piece.repeat(Math.ceil(ERROR / piece.length));
    expect(leastMs(() => withoutEcho(text, exchange))).toBeLessThan(QUICK_MS);
  });

  test.each(SHAPES)("of a prompt of 1 MB of %s, even if the error consists of the same", (_name, piece) => {
    const text = piece.repeat(Math.ceil(ERROR / piece.length));
    for (const error of [text, `a${text}`, "none of it", text.slice(0, 40).repeat(40)])
      expectLinear((length) => withoutPrompt(error, [piece.repeat(Math.ceil(length / piece.length))]));
  });
});

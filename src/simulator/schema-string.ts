import { asNumber, asStrings, type Json } from "../dialects/served/json.ts";
import { textOfPattern } from "./pattern-text.ts";
import { wordFor } from "./prompt-words.ts";
import { formatTexts } from "./schema-format.ts";
import { brokenStringKeyword } from "./schema-problem.ts";
import type { ValueContext } from "./value-context.ts";

const PATTERN_TRIES = 60;
const SOURCES = ["plain", "plain", "ascii", "plain", "beyond"] as const;

/** A string that satisfies formats, patterns and length of a schema; otherwise a word of the prompt. */
export function stringOf(rule: Json, name: string, context: ValueContext): string {
  let last = "";
  for (const text of candidates(rule, name, context)) {
    if (brokenStringKeyword(text, rule) === undefined) return text;
    last = text;
  }
  return last;
}

function* candidates(rule: Json, name: string, context: ValueContext): Generator<string> {
  const { random } = context;
  const digit = 1 + Math.floor(random() * 9);
  const made = asStrings(rule.format).flatMap((format) => formatTexts(format, digit, asNumber(rule.minLength) ?? 0));
  yield* made;
  const patterns = asStrings(rule.pattern);
  if (patterns.length > 0) yield* patternTexts(patterns, rule, made[0] ?? "", context);
  const word = wordFor(name, context.words, random);
  const free = context.variety > 0 || context.isAnother ? `${word} ${Math.floor(random() * 1e6)}` : word;
  yield sized(context.prefix + free, rule, context);
  yield sized(`${Math.floor(random() * 1e6)}`, rule, { ...context, prefix: "" });
  yield sized(free.toLowerCase(), rule, context);
  yield sized(free.toUpperCase(), rule, context);
}

/** Texts for each pattern, and combined texts for patterns of the start, the middle and the end. */
function* patternTexts(
  patterns: readonly string[],
  rule: Json,
  made: string,
  context: ValueContext,
): Generator<string> {
  const least = asNumber(rule.minLength) ?? 0;
  const inOrder = [...patterns].sort((left, right) => placeOf(left) - placeOf(right));
  for (let tries = 0; tries < PATTERN_TRIES; tries += 1) {
    const repeats = [3, 0, 1, least, Math.ceil(least / 2), Math.ceil(least / 4), 8][tries % 7] ?? 3;
    const style = { repeats, from: SOURCES[tries % SOURCES.length] ?? "plain" };
    const texts = inOrder.map((pattern) => textOfPattern(pattern, context.random, style));
    const usable = texts.filter((text) => text !== undefined);
    yield* usable;
    if (usable.length === 0) continue;
    const whole = usable.join("");
    const filler = "a".repeat(Math.max(0, least - Array.from(whole).length));
    yield whole;
    yield usable[0] + filler + usable.slice(1).join("");
    yield filler + whole;
    yield whole + made;
    yield `${whole}example.com`;
  }
}

function placeOf(pattern: string): number {
  return pattern.startsWith("^") ? 0 : pattern.endsWith("$") ? 2 : 1;
}

/** JSON Schema counts code points. If the text is too long, the prefix is dropped first. */
function sized(text: string, rule: Json, context: ValueContext): string {
  const least = asNumber(rule.minLength) ?? 0;
  const most = asNumber(rule.maxLength) ?? Number.POSITIVE_INFINITY;
  const length = Array.from(text).length;
  const spare = length > most && text.startsWith(context.prefix) ? text.slice(context.prefix.length) : text;
  const filler = " simulated".repeat(Math.ceil(Math.max(0, least - Array.from(spare).length) / 10));
  const wanted = Array.from(spare).length < least ? least : most;
  return Array.from(spare + filler)
    .slice(0, wanted)
    .join("");
}

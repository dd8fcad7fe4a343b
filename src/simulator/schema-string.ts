import { own } from "../core/own.ts";
import { asNumber, asText, type Json } from "../dialects/served/json.ts";
import { textOfPattern } from "./pattern-text.ts";
import { wordFor } from "./prompt-words.ts";
import type { ValueContext } from "./value-context.ts";

const FORMATS: Readonly<Record<string, (random: () => number) => string>> = {
  date: (random) => `2026-0${digit(random)}-1${digit(random)}`,
  time: (random) => `1${digit(random)}:00:00Z`,
  "date-time": (random) => `2026-0${digit(random)}-1${digit(random)}T12:00:00Z`,
  duration: (random) => `PT${digit(random)}M`,
  email: (random) => `simulated${digit(random)}@example.com`,
  "idn-email": (random) => `simulated${digit(random)}@example.com`,
  hostname: (random) => `simulated${digit(random)}.example.com`,
  "idn-hostname": (random) => `simulated${digit(random)}.example.com`,
  ipv4: (random) => `192.0.2.${digit(random)}`,
  ipv6: (random) => `2001:db8::${digit(random)}`,
  uri: (random) => `https://example.com/simulated/${digit(random)}`,
  url: (random) => `https://example.com/simulated/${digit(random)}`,
  iri: (random) => `https://example.com/simulated/${digit(random)}`,
  "uri-reference": (random) => `/simulated/${digit(random)}`,
  "json-pointer": (random) => `/simulated/${digit(random)}`,
  regex: () => "^simulated$",
  uuid: (random) => `0000000${digit(random)}-0000-4000-8000-000000000000`,
  guid: (random) => `0000000${digit(random)}-0000-4000-8000-000000000000`,
  byte: () => "c2ltdWxhdGVk",
  base64: () => "c2ltdWxhdGVk",
  base64url: () => "c2ltdWxhdGVk",
};

function digit(random: () => number): number {
  return 1 + Math.floor(random() * 9);
}

/** A string that keeps the format, the pattern and the length a schema asks for; otherwise a word of the prompt. */
export function stringOf(rule: Json, name: string, context: ValueContext): string {
  const formatted = own(FORMATS, asText(rule.format) ?? "")?.(context.random);
  if (formatted !== undefined) return formatted;
  const pattern = asText(rule.pattern);
  const patterned = pattern === undefined ? undefined : patternText(pattern, rule, context);
  return patterned ?? sized(context.prefix + wordFor(name, context.words, context.random), rule, context);
}

const PATTERN_TRIES = 24;

function patternText(pattern: string, rule: Json, context: ValueContext): string | undefined {
  for (let tries = 0; tries < PATTERN_TRIES; tries += 1) {
    const text = textOfPattern(pattern, context.random);
    if (text !== undefined && sized(text, rule, context) === text) return text;
  }
  return undefined;
}

/** JSON Schema counts code points. The prefix goes first when there is no room for it. */
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

import { invalidOption } from "../core/check-options.ts";
import { own } from "../core/own.ts";
import { PROBLEM_KINDS } from "../core/problem-kind.ts";
import { nearest } from "../core/suggest.ts";
import { SIMULATED_FINISHES, type SimulatedAnswer, type SimulatedUsage } from "../dialects/served/answer.ts";
import type { Fault } from "./fault.ts";

/** The allowed values: one of some strings, an object with known keys, or anything. */
type Known = readonly string[] | { readonly [key: string]: Known } | "anything";
type Keys<Table> = Readonly<Record<keyof Table, Known>>;

const USAGE: Keys<SimulatedUsage> = {
  input: "anything",
  cacheRead: "anything",
  cacheWrite5m: "anything",
  cacheWrite1h: "anything",
  output: "anything",
  reasoning: "anything",
};

const ANSWER: Keys<SimulatedAnswer> = {
  text: "anything",
  reasoning: "anything",
  redacted: "anything",
  refusal: "anything",
  toolCalls: "anything",
  finish: SIMULATED_FINISHES,
  usage: USAGE,
};

const FAULT: Keys<Fault> = {
  match: { model: "anything", path: "anything" },
  times: "anything",
  kind: PROBLEM_KINDS,
  status: "anything",
  body: "anything",
  headers: "anything",
  retryAfter: "anything",
  delayMs: "anything",
  answer: ANSWER,
  cut: { afterEvents: "anything", clean: "anything" },
  stall: { afterEvents: "anything" },
  errorEvent: { afterEvents: "anything", kind: PROBLEM_KINDS },
  reset: "anything",
  empty: "anything",
  html: "anything",
  garbage: "anything",
};

/**
 * Rejects a step with an unknown key or value, because a test would pass although its fault never happened.
 * @throws ModelError `invalid_request`.
 */
export function checkFaults(faults: unknown): void {
  if (!Array.isArray(faults)) throw invalidOption("script must be an array of steps");
  for (const [index, fault] of faults.entries()) check(fault, FAULT, `script step ${index + 1}`);
}

/**
 * The same for an answer from the user's `answers`.
 * @throws ModelError `invalid_request`.
 */
export function checkAnswer(answer: unknown): void {
  check(answer, ANSWER, "answers()");
}

function check(value: unknown, known: Known, place: string): void {
  if (known === "anything") return;
  if (isWords(known)) {
    if (!known.includes(String(value))) throw unknown(`${place}: unknown value`, String(value), known);
    return;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalidOption(`${place} must be an object`);
  for (const [key, inner] of Object.entries(value)) {
    const allowed = own(known, key);
    if (allowed === undefined) throw unknown(`${place}: unknown key`, key, Object.keys(known));
    if (inner !== undefined) check(inner, allowed, `${place}: ${key}`);
  }
}

function isWords(known: Known): known is readonly string[] {
  return Array.isArray(known);
}

function unknown(what: string, word: string, known: readonly string[]): Error {
  const near = nearest(word, known);
  const hint = near === undefined ? "" : ` (did you mean "${near}"?)`;
  return invalidOption(`${what} "${word}"${hint}; known: ${known.join(", ")}`);
}

import {
  ANYTHING,
  FLAG,
  FUNCTION,
  INDEX,
  invalidOption,
  type OptionRule,
  TABLE,
  TEXT,
  wrongValue,
} from "../../core/check-options.ts";
import type { Dialect } from "../../core/dialect.ts";
import type { ModelErrorInit } from "../../core/error.ts";
import { ERROR_CODES } from "../../core/error-codes.ts";
import type { FinishReason, FlowEvent } from "../../core/event.ts";
import { own } from "../../core/own.ts";
import { nearest } from "../../core/suggest.ts";
import type { Usage, UsageCounts } from "../../core/usage.ts";

/** A rule for one key; `words` are its only values. */
interface Rule extends OptionRule {
  readonly words?: readonly string[];
}
type Rules = Readonly<Record<string, Rule>>;
type RulesOf<Fields> = Readonly<Record<keyof Required<Fields>, Rule>>;

const NUMBER: Rule = { is: "a number", accepts: (value) => typeof value === "number" };
const DELAY: Rule = {
  is: "a number of milliseconds from 0",
  accepts: (value) => typeof value === "number" && value >= 0,
};

function oneOf(table: Readonly<Record<string, unknown>>): Rule {
  const words = Object.keys(table);
  return { is: `one of ${words.join(", ")}`, accepts: (value) => words.includes(value as string), words };
}

const FINISHES: Readonly<Record<FinishReason, true>> = {
  ...{ stop: true, length: true, "tool-calls": true, "content-filter": true, refusal: true, unknown: true },
};

const EVENT_TYPES: Readonly<Record<FlowEvent["type"], true>> = {
  ...{ start: true, "text-delta": true, "reasoning-delta": true, "refusal-delta": true, signature: true },
  ...{
    "tool-call-start": true,
    "tool-call-delta": true,
    "tool-call-end": true,
    adjustment: true,
    reset: true,
    raw: true,
  },
  ...{ usage: true, finish: true, embeddings: true, "other-output": true, logprobs: true, response: true },
  ...{ "wire-output": true, "text-end": true },
};
const EVENT_TYPE = oneOf(EVENT_TYPES);

const EVENTS: Rule = {
  is: `an array of events, whose type is ${EVENT_TYPE.is}`,
  accepts: (value) => Array.isArray(value) && value.every((event: unknown) => EVENT_TYPE.accepts(typeIn(event))),
};

function typeIn(event: unknown): unknown {
  return typeof event === "object" && event !== null ? (event as { type?: unknown }).type : undefined;
}

const USAGE: RulesOf<UsageCounts & Pick<Usage, "total">> = {
  ...{ input: NUMBER, cacheRead: NUMBER, cacheWrite: NUMBER, output: NUMBER, reasoning: NUMBER },
  // That of a reply may be given again.
  ...{ total: NUMBER, estimated: FLAG, details: TABLE },
};

const ERROR: RulesOf<ModelErrorInit> = {
  ...{ code: oneOf(ERROR_CODES), message: TEXT, provider: TEXT, model: TEXT, status: NUMBER, requestId: TEXT },
  ...{ retryAfterMs: NUMBER, rateLimit: TABLE, phase: TEXT, partial: TABLE, errors: ANYTHING, cause: ANYTHING },
  ...{ shouldRetry: ANYTHING, reusedSocket: FLAG },
};

const TOOL_CALL: Rules = { name: TEXT, arguments: ANYTHING, id: TEXT };

/** The keys of each kind of step. */
const STEPS: Readonly<Record<string, Rules>> = {
  text: { text: TEXT, sample: INDEX },
  delta: { delta: TEXT, sample: INDEX },
  reasoning: { reasoning: TEXT, sample: INDEX },
  toolCall: { toolCall: TABLE, sample: INDEX },
  usage: { usage: TABLE },
  finish: { finish: oneOf(FINISHES), raw: TEXT, sample: INDEX },
  events: { events: EVENTS },
  error: { error: TABLE },
  delayMs: { delayMs: DELAY },
  hang: { hang: { is: "true", accepts: (value) => value === true } },
};
const KINDS = Object.keys(STEPS);

/** The keys of the objects in a step, and those of them that are required. */
const INSIDE: Readonly<Record<string, { readonly rules: Rules; readonly required: readonly string[] }>> = {
  toolCall: { rules: TOOL_CALL, required: ["name"] },
  usage: { rules: USAGE, required: [] },
  error: { rules: ERROR, required: ["code", "message"] },
};

const OPTIONS: RulesOf<Omit<Dialect, "open">> = {
  ...{ name: TEXT, manySamples: FLAG, longAnswerTokens: NUMBER },
  settings: { is: "a Set of settings", accepts: (value) => value instanceof Set },
  ...{ mediaRefusal: FUNCTION, load: FUNCTION, embed: FUNCTION, countTokens: FUNCTION, listModels: FUNCTION },
};

/**
 * Rejects a script with an unknown key or a value of another type, because a test would pass without what it scripted.
 * @throws ModelError `invalid_request` that names the step.
 */
export function checkScript(script: unknown, options: unknown): void {
  if (!Array.isArray(script))
    throw invalidOption("scripted: the script must be an array with one item for each attempt");
  for (const [index, attempt] of script.entries()) checkAttempt(attempt, `scripted: attempt ${index + 1}`);
  checkFields(options, OPTIONS, "scripted: options");
}

function checkAttempt(attempt: unknown, place: string): void {
  if (typeof attempt === "string") return;
  if (!Array.isArray(attempt)) throw invalidOption(`${place} must be a string or an array of steps`);
  for (const [index, step] of attempt.entries()) checkStep(step, `${place}, step ${index + 1}`);
}

function checkStep(step: unknown, place: string): void {
  if (!isObject(step)) throw invalidOption(`${place} must be an object with one of ${KINDS.join(", ")}`);
  const kinds = Object.keys(step).filter((key) => Object.hasOwn(STEPS, key));
  const [kind, other] = kinds;
  if (other !== undefined) throw invalidOption(`${place} has ${kinds.join(" and ")}: make a step of each`);
  const rules = own(STEPS, kind ?? "") ?? Object.assign({}, ...Object.values(STEPS));
  checkFields(step, rules, place, kind === undefined ? [] : [kind]);
  if (kind === undefined) throw invalidOption(`${place} has none of ${KINDS.join(", ")}`);
  const inside = own(INSIDE, kind);
  if (inside !== undefined) checkFields(step[kind], inside.rules, `${place}: ${kind}`, inside.required);
}

function checkFields(value: unknown, rules: Rules, place: string, required: readonly string[] = []): void {
  if (!isObject(value)) throw invalidOption(`${place} must be an object`);
  for (const [key, inner] of Object.entries(value)) {
    const rule = own(rules, key);
    if (rule === undefined) throw unknownWord("unknown key", key, Object.keys(rules), place);
    if (inner === undefined || rule.accepts(inner)) continue;
    if (rule.words !== undefined && typeof inner === "string")
      throw unknownWord("unknown value", inner, rule.words, `${place}: ${key}`);
    throw wrongValue(`${place}: ${key}`, inner, rule);
  }
  const missing = required.find((name) => value[name] === undefined);
  if (missing !== undefined) throw invalidOption(`${place}: ${missing} is missing`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unknownWord(what: string, word: string, known: readonly string[], place: string): Error {
  const near = nearest(word, known);
  const hint = near === undefined ? `; known: ${known.join(", ")}` : ` (did you mean "${near}"?)`;
  return invalidOption(`${place}: ${what} "${word}"${hint}`);
}

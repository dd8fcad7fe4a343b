import { parseDuration, untilDate } from "./duration.ts";

/** "try again in 7m12s", "Please retry after 20 seconds", "the limit resets in 3 hours", "Retry-After: 30" */
const LEAD =
  /\b(?:try(?:ing)?|retry(?:ing)?|wait(?:ing)?|resets?|refresh(?:es)?|available|allowed|come back)\b(?:[\s-]+(?:again|be|reset|your|the|this|that|requests?|query|limit|quota|at|in|for|after|until|least|about|approximately|another)\b)*:?\s+(?=\d)/gi;
const DATE = /\d{4}-\d\d-\d\d[T ][\d:.]{5,18}(?:Z|[+-]\d\d:?\d\d| UTC)?/y;
const AMOUNT =
  /(\d{1,15}(?:\.\d{1,15})?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])(?:,?\s+and\s+|,?\s+)?/iy;
/** Seconds without a unit, where they end a sentence. */
const BARE = /(\d{1,9}(?:\.\d{1,9})?)(?=[.,;)]?(?:\s*$|[.,;)]\s))/y;
const MAX_MESSAGE_LENGTH = 8_000;

/** The retry delay in the text of a provider's message, milliseconds. */
export function waitInWords(message: string, nowMs: number): number | undefined {
  const text = message.slice(0, MAX_MESSAGE_LENGTH);
  for (const lead of text.matchAll(LEAD)) {
    const at = lead.index + lead[0].length;
    const wait = dateAt(text, at, nowMs) ?? amountAt(text, at) ?? bareAt(text, at, lead[0]);
    if (wait !== undefined) return wait;
  }
  return undefined;
}

function dateAt(text: string, at: number, nowMs: number): number | undefined {
  DATE.lastIndex = at;
  const [date] = DATE.exec(text) ?? [];
  return date === undefined ? undefined : untilDate(date, nowMs);
}

function amountAt(text: string, at: number): number | undefined {
  let total: number | undefined;
  AMOUNT.lastIndex = at;
  for (let part = AMOUNT.exec(text); part !== null; part = AMOUNT.exec(text)) {
    const [, amount = "", unit = ""] = part;
    const short = /^m(?:s|illi)/i.test(unit) ? "ms" : unit.charAt(0).toLowerCase();
    total = (total ?? 0) + (parseDuration(amount + short) ?? 0);
  }
  return total;
}

function bareAt(text: string, at: number, lead: string): number | undefined {
  if (!/\b(?:in|after|for):?\s+$/i.test(lead)) return undefined;
  BARE.lastIndex = at;
  const [seconds] = BARE.exec(text) ?? [];
  return seconds === undefined ? undefined : parseDuration(seconds);
}

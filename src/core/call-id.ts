import { nodeCrypto } from "./node-crypto.ts";

/** Crockford's base 32: its letters sort in the order of their values. */
const LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_LETTERS = 10;
const COUNT_LETTERS = 6;
const PROCESS_BYTES = 10;

let processPart: string | undefined;
/** Many calls begin in the same millisecond. */
let latestMs: number | undefined;
let timePart = "";
let count = 0;

/**
 * A call id that is unique across processes: 26 letters, of which the first ten encode the time, so that ids sort by time.
 * Calls of one process in the same millisecond sort by their order.
 */
export function newCallId(nowMs: number): string {
  processPart ??= Array.from(nodeCrypto().randomBytes(PROCESS_BYTES), letterOf).join("");
  if (nowMs !== latestMs) {
    latestMs = nowMs;
    timePart = encoded(nowMs, TIME_LETTERS);
  }
  count += 1;
  return timePart + processPart + encoded(count, COUNT_LETTERS);
}

function letterOf(number: number): string {
  return LETTERS.charAt(number % LETTERS.length);
}

function encoded(value: number, length: number): string {
  let text = "";
  for (let rest = Math.floor(value); text.length < length; rest = Math.floor(rest / LETTERS.length))
    text = letterOf(rest) + text;
  return text;
}

import { nodeCrypto } from "./node-crypto.ts";

/** Crockford's base 32: its letters sort like the numbers they stand for. */
const LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_LETTERS = 10;
const COUNT_LETTERS = 6;
const PROCESS_BYTES = 10;

let processPart: string | undefined;
let count = 0;

/**
 * An id that no other call has, in whatever process: 26 letters, of which the first ten are the time, so that ids sort by
 * it. Calls of one process within one millisecond sort in their order.
 */
export function newCallId(nowMs: number): string {
  processPart ??= Array.from(nodeCrypto().randomBytes(PROCESS_BYTES), letterOf).join("");
  count += 1;
  return written(nowMs, TIME_LETTERS) + processPart + written(count, COUNT_LETTERS);
}

function letterOf(number: number): string {
  return LETTERS.charAt(number % LETTERS.length);
}

function written(value: number, length: number): string {
  let text = "";
  for (let rest = Math.floor(value); text.length < length; rest = Math.floor(rest / LETTERS.length))
    text = letterOf(rest) + text;
  return text;
}

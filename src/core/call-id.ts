import { randomBytes } from "node:crypto";

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
  processPart ??= Array.from(randomBytes(PROCESS_BYTES), (byte) => LETTERS[byte % LETTERS.length]).join("");
  count += 1;
  return written(nowMs, TIME_LETTERS) + processPart + written(count, COUNT_LETTERS);
}

function written(value: number, length: number): string {
  let text = "";
  for (let rest = Math.floor(value); text.length < length; rest = Math.floor(rest / LETTERS.length))
    text = LETTERS.charAt(rest % LETTERS.length) + text;
  return text;
}

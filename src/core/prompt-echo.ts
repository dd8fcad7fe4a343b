import { covered, type Range } from "./range.ts";

/** Minimum length of a match with the prompt that counts as an echo; shorter matches may be common words. */
const RUN = 24;
/** The same for a match without spaces that has a digit, such as an id, an address or a number. */
const NAME_RUN = 16;
/** A prompt up to RUN characters and from this length on is searched for as a whole. */
const MIN_COMPLETE = 8;
/** Length of the indexed substrings, and how many positions are kept for each. */
const GRAM = 8;
const MAX_PLACES = 8;
const MASK = "[prompt]";

/**
 * The text of an error response without the parts of the prompt that it repeats. The text is indexed and the prompt is
 * scanned in steps, so that the cost is linear in both.
 */
export function withoutPrompt(text: string, prompt: readonly string[]): string {
  if (text.length < MIN_COMPLETE) return text;
  const ranges: Range[] = [];
  const index = indexOf(text);
  for (const part of prompt) {
    if (part.length < RUN) findWhole(text, part, ranges);
    if (part.length >= NAME_RUN) findRuns(text, index, part, ranges);
  }
  return covered(text, ranges, MASK);
}

function findWhole(text: string, part: string, ranges: Range[]): void {
  const wanted = part.trim();
  if (wanted.length < MIN_COMPLETE) return;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length))
    ranges.push({ start: at, end: at + wanted.length });
}

type Index = ReadonlyMap<string, readonly number[]>;

function indexOf(text: string): Index {
  const index = new Map<string, number[]>();
  for (let at = 0; at + GRAM <= text.length; at++) {
    const gram = text.slice(at, at + GRAM);
    const places = index.get(gram);
    if (places === undefined) index.set(gram, [at]);
    else if (places.length < MAX_PLACES) places.push(at);
  }
  return index;
}

function findRuns(text: string, index: Index, part: string, ranges: Range[]): void {
  for (let at = 0; at + GRAM <= part.length; at += GRAM) {
    let longest = 0;
    for (const place of index.get(part.slice(at, at + GRAM)) ?? []) {
      const run = runAround(text, place, part, at);
      if (!isEcho(text, run)) continue;
      ranges.push(run);
      longest = Math.max(longest, run.end - place);
    }
    // A matched run is not scanned again, which keeps the cost linear for repetitive text.
    at += Math.max(0, Math.floor(longest / GRAM) - 1) * GRAM;
  }
}

/** Extends a match to both sides; to the left only up to the part that was already scanned. */
function runAround(text: string, place: number, part: string, at: number): Range {
  let start = 0;
  while (start < RUN && place > start && at > start && text[place - start - 1] === part[at - start - 1]) start++;
  let end = GRAM;
  while (place + end < text.length && at + end < part.length && text[place + end] === part[at + end]) end++;
  return { start: place - start, end: place + end };
}

function isEcho(text: string, { start, end }: Range): boolean {
  if (end - start >= RUN) return true;
  return end - start >= NAME_RUN && /^(?=\D*\d)\S+$/.test(text.slice(start, end));
}

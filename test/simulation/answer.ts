import type { Chance } from "../harness/chance.ts";

/**
 * How a model continues an answer: with its rest, by repeating its last words or all of it, or with different words.
 */
export type Manner = "exact" | "repeating" | "afresh";

const SEPARATORS = [" ", " ", " ", "\n", " {\n", "\n}\n"] as const;
/** In addition to the minimum that is recognized as a repetition. */
const REPEATED = { least: 8, most: 40 } as const;

/** Words that no other answer contains. */
export function newWords(entry: string, number: number, chance: Chance): string {
  const begun = `${entry}-${String(number).padStart(4, "0")}`;
  return Array.from({ length: chance.whole(1, 8) }, (_, word) => `${begun}-${word}${chance.pick(SEPARATORS)}`).join("");
}

/** The part of the text that a model repeats when it continues. */
export function repetitionOf(before: string, manner: Manner, chance: Chance): string {
  if (manner !== "repeating" || chance.happens(0.3)) return "";
  const end = before.slice(-chance.whole(REPEATED.least, REPEATED.most));
  return end.trim().length >= REPEATED.least && chance.happens(0.8) ? end : before;
}

/** May be cut anywhere, but a text begins with a complete word, which identifies its answer. */
export function piecesOf(text: string, chance: Chance): readonly string[] {
  const pieces: string[] = [];
  for (let from = 0; from < text.length; from += pieces.at(-1)?.length ?? 0)
    pieces.push(text.slice(from, from + chance.whole(from === 0 ? 10 : 1, 14)));
  return pieces;
}

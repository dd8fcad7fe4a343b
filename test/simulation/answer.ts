import type { Chance } from "../harness/chance.ts";

/** How a model goes on with an answer: with its rest, with its last words or all of it once more, or with other words. */
export type Manner = "exact" | "repeating" | "afresh";

const SEPARATORS = [" ", " ", " ", "\n", " {\n", "\n}\n"] as const;
/** Beyond the least that is taken for a repetition. */
const REPEATED = { least: 8, most: 40 } as const;

/** Words that nobody else says. */
export function newWords(entry: string, number: number, chance: Chance): string {
  const begun = `${entry}-${String(number).padStart(4, "0")}`;
  return Array.from({ length: chance.whole(1, 8) }, (_, word) => `${begun}-${word}${chance.pick(SEPARATORS)}`).join("");
}

/** What a model says again of the text it goes on with. */
export function repetitionOf(before: string, manner: Manner, chance: Chance): string {
  if (manner !== "repeating" || chance.happens(0.3)) return "";
  const end = before.slice(-chance.whole(REPEATED.least, REPEATED.most));
  return end.trim().length >= REPEATED.least && chance.happens(0.8) ? end : before;
}

/** Cut anywhere, except that a text begins with a whole word: it says whose it is. */
export function piecesOf(text: string, chance: Chance): readonly string[] {
  const pieces: string[] = [];
  for (let from = 0; from < text.length; from += pieces.at(-1)?.length ?? 0)
    pieces.push(text.slice(from, from + chance.whole(from === 0 ? 10 : 1, 14)));
  return pieces;
}

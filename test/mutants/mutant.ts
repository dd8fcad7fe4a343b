import { type Change, changed } from "./change.ts";

/** A change of one function of the sources. */
export interface Edit {
  readonly file: string;
  /** The function, `Class.method` in a class, or a variable on the top level. */
  readonly place: string;
  readonly change: Change;
}

/** A defect that the tests must notice. */
export interface Mutant {
  readonly id: string;
  /** The wrong behavior, in words. */
  readonly breaks: string;
  /** More than one if the same guarantee is kept in two places. */
  readonly edits: readonly Edit[];
  /** The test files of which at least one test must fail. */
  readonly tests: readonly string[];
}

type Row = readonly [id: string, breaks: string, place: string, change: Change, ...more: readonly Edit[]];

/** The mutants of one file that the same tests must catch. */
export function mutantsOf(file: string, tests: readonly string[], rows: readonly Row[]): readonly Mutant[] {
  return rows.map(([id, breaks, place, change, ...more]) => {
    return { id, breaks, edits: [{ file, place, change }, ...more], tests };
  });
}

/** An edit does not apply to its file. */
export class Misfit extends Error {}

/** The text of a file with the edit. */
export function edited(text: string, { file, place, change }: Edit): string {
  const misfit = (why: string) => new Misfit(`${file}, ${place}: ${why}`);
  let result: string;
  try {
    result = changed(text, place, change);
  } catch (error) {
    throw misfit((error as Error).message);
  }
  if (result === text) throw misfit("the change has no effect");
  return result;
}

/** One piece of the sources and what takes its place. */
export interface Edit {
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly before: string;
  readonly after: string;
}

/** A break of the resilience code that the tests must notice. */
export interface Mutant {
  readonly id: string;
  /** What is broken, in words. */
  readonly breaks: string;
  /** More than one where the same promise is kept in two places. */
  readonly edits: readonly Edit[];
  /** The test files of which at least one test must fail. */
  readonly tests: readonly string[];
}

type Row = readonly [id: string, breaks: string, before: string, after: string, ...more: readonly Edit[]];

/** The mutants of one file that the same tests must catch. */
export function mutantsOf(file: string, tests: readonly string[], rows: readonly Row[]): readonly Mutant[] {
  return rows.map(([id, breaks, before, after, ...more]) => {
    return { id, breaks, edits: [{ file, before, after }, ...more], tests };
  });
}

/** Why an edit does not apply to the text of its file, or `undefined`. */
export function misfit(text: string, { file, before, after }: Edit): string | undefined {
  const times = text.split(before).length - 1;
  if (times !== 1) return `${file} has ${times} places that read ${JSON.stringify(before)}`;
  return before === after ? `${file} stays as it is` : undefined;
}

import { type Path, type Position, type Positions, readPositions, type Spot } from "./positions.ts";
import { type Table, valueAt } from "./table.ts";

/** A position in a file, or an environment variable. */
export interface Place extends Position {
  readonly file: string | undefined;
  readonly variable?: string;
}

/** A source of values: the file, an included file, or an environment variable. */
export interface Source {
  readonly document: Table;
  place(finding: Spot): Place;
  /** A cheap approximation for large documents. */
  roughPlace(finding: Spot): Place;
}

/** A TOML document. Positions are computed only when the first one is needed. */
export class TextSource implements Source {
  readonly document: Table;
  readonly #file: string | undefined;
  readonly text: string;
  #positions: Positions | undefined;

  constructor(file: string | undefined, text: string, document: Table) {
    this.#file = file;
    this.text = text;
    this.document = document;
  }

  place({ path, at }: Spot): Place {
    this.#positions ??= readPositions(this.text);
    return { file: this.#file, ...(at === "key" ? this.#positions.keyAt(path) : this.#positions.valueAt(path)) };
  }

  roughPlace(finding: Spot): Place {
    return this.text.length <= MAX_LOCATED_LENGTH ? this.place(finding) : { file: this.#file, line: 1, column: 1 };
  }
}

const MAX_LOCATED_LENGTH = 4_096;

/** The value of an environment variable. */
export class VariableSource implements Source {
  readonly document: Table;
  readonly #variable: string;

  constructor(variable: string, document: Table) {
    this.#variable = variable;
    this.document = document;
  }

  place(): Place {
    return { file: undefined, variable: this.#variable, line: 0, column: 0 };
  }

  roughPlace(): Place {
    return this.place();
  }
}

/** The source that contains the longest part of a path; of several, the last. */
export function writerOf(sources: readonly Source[], path: Path): Source {
  let best = sources.at(-1) as Source;
  let most = -1;
  for (const source of sources.toReversed()) {
    const depth = depthOf(source.document, path);
    if (depth > most) [best, most] = [source, depth];
  }
  return best;
}

function depthOf(document: Table, path: Path): number {
  for (let length = path.length; length > 0; length--)
    if (valueAt(document, path.slice(0, length)) !== undefined) return length;
  return 0;
}

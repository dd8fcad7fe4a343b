import { type AST, parseTOML } from "toml-eslint-parser";

export interface Position {
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

interface Place {
  readonly key: Position;
  value: Position;
}

export type Path = readonly (string | number)[];

/** What a message is about: a key or its value. */
export interface Spot {
  readonly path: Path;
  readonly at: "key" | "value";
}

/** Positions of the keys and values of a TOML document. */
export interface Positions {
  /** The position of the key, or of the nearest enclosing table if the key is missing. */
  keyAt(path: Path): Position;
  /** The position of the value, or of the nearest enclosing table if the value is missing. */
  valueAt(path: Path): Position;
}

/** Not exported, so that our declarations do not depend on the parser's. */
class ParsedPositions implements Positions {
  readonly #places = new Map<string, Place>();

  constructor(program: AST.TOMLProgram) {
    for (const node of program.body[0].body) this.#addStatement(node);
  }

  keyAt(path: Path): Position {
    return this.#nearestPlace(path)?.key ?? START;
  }

  valueAt(path: Path): Position {
    const own = this.#places.get(idOf(path));
    return own?.value ?? this.#nearestPlace(path)?.key ?? START;
  }

  #nearestPlace(path: Path): Place | undefined {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(idOf(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return undefined;
  }

  #addStatement(node: AST.TOMLKeyValue | AST.TOMLTable): void {
    if (node.type === "TOMLKeyValue") {
      this.#addPair([], node);
      return;
    }
    this.#addKeys([], node.key.keys, node.key.loc.start, node.resolvedKey);
    for (const pair of node.body) this.#addPair(node.resolvedKey, pair);
  }

  #addPair(parent: Path, pair: AST.TOMLKeyValue): void {
    const path = [...parent, ...pair.key.keys.map(nameOf)];
    this.#addKeys(parent, pair.key.keys, pair.value.loc.start, path);
    this.#addValue(path, pair.value);
  }

  /** A table implied by a dotted key has that position until its own header follows. */
  #addKeys(parent: Path, keys: readonly (AST.TOMLBare | AST.TOMLQuoted)[], value: Loc, path: Path): void {
    keys.forEach((key, index) => {
      const id = idOf(path.slice(0, parent.length + index + 1));
      const isLast = index === keys.length - 1;
      if (isLast || !this.#places.has(id))
        this.#places.set(id, { key: positionOf(key.loc.start), value: positionOf(isLast ? value : key.loc.start) });
    });
  }

  #addValue(path: Path, node: AST.TOMLContentNode): void {
    if (node.type === "TOMLInlineTable") for (const pair of node.body) this.#addPair(path, pair);
    if (node.type !== "TOMLArray") return;
    node.elements.forEach((element, index) => {
      const start = positionOf(element.loc.start);
      this.#places.set(idOf([...path, index]), { key: start, value: start });
      this.#addValue([...path, index], element);
    });
  }
}

type Loc = AST.SourceLocation["start"];

const START: Position = { line: 1, column: 1 };

function positionOf(loc: Loc): Position {
  return { line: loc.line, column: loc.column + 1 };
}

function nameOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === "TOMLBare" ? key.name : key.value;
}

function idOf(path: Path): string {
  return path.join("\u0000");
}

/** Reads the positions of valid TOML. */
export function readPositions(text: string): Positions {
  try {
    return new ParsedPositions(parseTOML(withRealDates(text), { tomlVersion: "latest" }));
  } catch {
    return new ParsedPositions({ body: [{ body: [] }] } as unknown as AST.TOMLProgram);
  }
}

/** This parser rejects the 30th of February, which smol-toml accepts; a valid day of the same length replaces it. */
function withRealDates(text: string): string {
  return text.replace(/\d{4}-\d{2}-\d{2}/g, (date) => (isRealDate(date) ? date : "2000-01-01"));
}

function isRealDate(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}

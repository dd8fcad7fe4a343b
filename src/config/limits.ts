import { FIRST_SUSPECT_S, millisecondsMeant } from "./milliseconds.ts";
import type { Path, Spot } from "./positions.ts";
import { malformedReference } from "./references.ts";
import type { Source } from "./source.ts";
import type { Table } from "./table.ts";

/** An error at one place of the file, before line and column are known. */
export interface Finding extends Spot {
  /** The source it is in. Default: the one with the highest precedence that has the path. */
  readonly source?: Source;
  readonly message: string;
  readonly suggestion?: string | undefined;
  /** Input of the suggestion, which is computed only for a reported finding: searching thousands of names is slow. */
  readonly meant?: { readonly word: string; readonly among: ReadonlySet<string> };
}

export const MAX_TEXT_CHARS = 1_048_576;
/** Nesting depth inside a model entry, or from the top level elsewhere. */
const MAX_DEPTH = 16;
/** Number of keys in a model entry, or outside all entries. */
const MAX_KEYS = 10_000;

export const TOO_MANY_KEYS = "there are more than 10,000 keys";
export const TOO_DEEP = `tables are nested more than ${MAX_DEPTH} levels deep`;

function isForbiddenKey(key: string): boolean {
  return key === "__proto__" || key === "constructor" || key === "prototype";
}

/** Thrown to stop the checks of a file that exceeds a limit. */
export class LimitReached {
  readonly finding: Finding;

  constructor(path: Path, message: string) {
    this.finding = { path: path.slice(0, MAX_DEPTH), at: "key", message };
  }
}

/** Visits each key and value once; checks limits, forbidden keys and values no key accepts. Throws LimitReached. */
export function inspect(document: Table, baseDir: string | undefined): Finding[] {
  const inspection = new Inspection(baseDir !== undefined);
  inspection.table(document, 1, { left: MAX_KEYS });
  return inspection.findings;
}

interface Budget {
  left: number;
}

class Inspection {
  readonly findings: Finding[] = [];
  readonly #path: (string | number)[] = [];
  readonly #hasFolder: boolean;

  constructor(hasFolder: boolean) {
    this.#hasFolder = hasFolder;
  }

  table(table: Table, depth: number, budget: Budget): void {
    if (depth > MAX_DEPTH) throw new LimitReached(this.#path, TOO_DEEP);
    const isEntries = this.#path.length === 1 && this.#path[0] === "models";
    for (const key in table) {
      if (--budget.left < 0) throw new LimitReached(this.#path, TOO_MANY_KEYS);
      const value = table[key];
      const isForbidden = isForbiddenKey(key);
      if (!isForbidden && isHarmless(value)) continue;
      this.#path.push(key);
      if (isForbidden) this.#report("key", `the key "${key}" is not allowed anywhere`);
      else if (isEntries) this.#value(value, 1, { left: MAX_KEYS });
      else this.#value(value, depth + 1, budget);
      this.#path.pop();
    }
  }

  #value(value: unknown, depth: number, budget: Budget): void {
    if (typeof value === "string") this.#text(value);
    else if (typeof value === "number") this.#number(value);
    else if (Array.isArray(value)) this.#list(value, depth, budget);
    else if (value instanceof Date && !isKeyExpiry(this.#path))
      this.#report("value", `${this.#name()} is a date: put it in quotes to make it text`);
    else if (typeof value === "object" && value !== null) this.table(value as Table, depth, budget);
  }

  #list(list: readonly unknown[], depth: number, budget: Budget): void {
    for (let index = 0; index < list.length; index++) {
      if (--budget.left < 0) throw new LimitReached(this.#path, TOO_MANY_KEYS);
      const value = list[index];
      if (isHarmless(value)) continue;
      this.#path.push(index);
      this.#value(value, depth + (Array.isArray(value) ? 1 : 0), budget);
      this.#path.pop();
    }
  }

  #text(value: string): void {
    if (value.startsWith("file:") && !value.startsWith("file::") && !this.#hasFolder)
      this.#report("value", `${this.#name()} is a relative path, and a string has no folder: set baseDir`);
    const problem = REFERENCES_ONLY.some((key) => this.#path.includes(key)) ? malformedReference(value) : undefined;
    if (problem !== undefined) this.#report("value", `${this.#name()} ${problem}`);
  }

  #number(value: number): void {
    if (!Number.isFinite(value))
      this.#report("value", `${this.#name()} must be a finite number: nan and inf cannot be sent`);
    const problem = millisecondsMeant(value, this.#path);
    if (problem !== undefined) this.#report("value", problem);
  }

  #name(): string {
    return `"${this.#path.findLast((step) => typeof step === "string")}"`;
  }

  #report(at: Finding["at"], message: string): void {
    this.findings.push({ path: [...this.#path], at, message });
  }
}

/** The one key that takes a date. */
function isKeyExpiry(path: Path): boolean {
  return path.at(-1) === "expires" && path.at(-3) === "keys" && path.at(-4) === "gateway";
}

/** Keys in which a string that starts with `env:` must be a valid reference. */
export const REFERENCES_ONLY = ["api_key", "base_url", "proxy"];

/** Skips most values: building their paths would double the time of the inspection. */
function isHarmless(value: unknown): boolean {
  if (typeof value === "string") return !value.startsWith("env:") && !value.startsWith("file:");
  return typeof value === "number" ? value > -Infinity && value < FIRST_SUSPECT_S : typeof value === "boolean";
}

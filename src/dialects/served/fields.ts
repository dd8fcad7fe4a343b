import type { Adjustment } from "../../core/attempt.ts";
import { asObject, asTexts, type Json } from "./json.ts";
import { refuse } from "./problem.ts";

/**
 * The fields of an object that a client sent. A field of another type than the one asked for is refused; what nobody takes,
 * at any depth, is reported by `unread`. `null` counts as absent.
 */
export class Fields {
  /** Where the object stands in the body, for example `messages[0].content[1]`. */
  readonly path: string;
  readonly #left: Map<string, unknown>;
  readonly #inner: Fields[] = [];

  constructor(json: Json, path = "") {
    this.path = path;
    this.#left = new Map(Object.entries(json).filter(([, value]) => value !== null && value !== undefined));
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  take(name: string): unknown {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }

  /** The fields that were not taken. */
  peek(): Json {
    return Object.fromEntries(this.#left);
  }

  /** Takes all that is left. */
  rest(): Json {
    const rest = this.peek();
    this.#left.clear();
    return rest;
  }

  /** A field that may be a string; of another type it stays. */
  string(name: string): string | undefined {
    return this.holdsString(name) ? this.text(name) : undefined;
  }

  holdsString(name: string): boolean {
    return typeof this.#left.get(name) === "string";
  }

  text(name: string): string | undefined {
    return this.#typed(name, "a string", (value): value is string => typeof value === "string");
  }

  number(name: string): number | undefined {
    return this.#typed(name, "a number", (value): value is number => typeof value === "number");
  }

  flag(name: string): boolean | undefined {
    return this.#typed(name, "a boolean", (value): value is boolean => typeof value === "boolean");
  }

  /** One of the words of a table. */
  word<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.text(name);
    if (value === undefined || (words as readonly string[]).includes(value)) return value as Word | undefined;
    const listed = words.map((word) => `'${word}'`).join(", ");
    refuse(`Invalid value: '${value}'. Supported values are: ${listed}.`, this.pathOf(name), "invalid_value");
  }

  /** A string, or an array of strings. */
  texts(name: string): readonly string[] | undefined {
    const isTexts = (value: unknown): value is string | readonly string[] =>
      asTexts(value).length === (Array.isArray(value) ? value.length : 1);
    const value = this.#typed(name, "a string or an array of strings", isTexts);
    return value === undefined ? undefined : asTexts(value);
  }

  /** An object that is passed on as it is. */
  json(name: string): Json | undefined {
    return this.#typed(name, "an object", (value): value is Json => asObject(value) !== undefined);
  }

  object(name: string): Fields | undefined {
    const value = this.json(name);
    return value === undefined ? undefined : this.#enter(value, this.pathOf(name));
  }

  objects(name: string): readonly Fields[] | undefined {
    const value = this.#typed(name, "an array of objects", (list): list is readonly Json[] => {
      return Array.isArray(list) && list.every((item) => asObject(item) !== undefined);
    });
    return value?.map((item, index) => this.#enter(item, `${this.pathOf(name)}[${index}]`));
  }

  pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  /** Refuses the object for what one of its fields says. */
  refuse(message: string, name?: string): never {
    const path = name === undefined ? this.path : this.pathOf(name);
    refuse(path === "" ? message : `${path}: ${message}`, path === "" ? undefined : path);
  }

  /** The fields that were not taken, each by its path. */
  unread(): readonly Adjustment[] {
    const own = [...this.#left].map(([name, from]): Adjustment => {
      return { setting: this.pathOf(name), from, to: undefined, reason: "nothing stands for this field" };
    });
    return [...own, ...this.#inner.flatMap((fields) => fields.unread())];
  }

  #enter(json: Json, path: string): Fields {
    const fields = new Fields(json, path);
    this.#inner.push(fields);
    return fields;
  }

  #typed<T>(name: string, kind: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.take(name);
    if (value === undefined || is(value)) return value;
    refuse(`Invalid type for '${this.pathOf(name)}': expected ${kind}.`, this.pathOf(name), "invalid_type");
  }
}

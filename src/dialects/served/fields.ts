import type { Additions } from "../../core/additions.ts";
import type { Adjustment } from "../../core/attempt.ts";
import { asObject, asStrings, type Json } from "./json.ts";
import { refuse } from "./problem.ts";

/**
 * The fields of a client's JSON object. Reading a field takes it; a wrong type is rejected. `unread` reports the fields that
 * were not taken, at any depth. `null` counts as absent.
 */
export class Fields {
  /** Path of the object in the body, for example `messages[0].content[1]`. */
  readonly path: string;
  /** The object as it was sent. */
  readonly sent: Json;
  readonly #remaining = new Map<string, unknown>();
  #inner: Map<string, Fields> = NO_INNER;
  #items: Fields[] = NO_ITEMS;

  constructor(json: Json, path = "") {
    this.path = path;
    this.sent = json;
    for (const name of Object.keys(json)) {
      const value = json[name];
      if (value !== null && value !== undefined) this.#remaining.set(name, value);
    }
  }

  has(name: string): boolean {
    return this.#remaining.has(name);
  }

  take(name: string): unknown {
    const value = this.#remaining.get(name);
    this.#remaining.delete(name);
    return value;
  }

  /** The fields that were not taken yet. */
  remaining(): Json {
    return Object.fromEntries(this.#remaining);
  }

  /** Takes all remaining fields. */
  takeAll(): Json {
    const rest = this.remaining();
    this.#remaining.clear();
    return rest;
  }

  /** Takes what remains here and in nested objects; the objects of arrays keep theirs. */
  takeRest(): Json {
    const nested = [...this.#inner].map(([name, fields]) => [name, fields.takeRest()] as const);
    return { ...Object.fromEntries(nested.filter(([, rest]) => Object.keys(rest).length > 0)), ...this.takeAll() };
  }

  /** Takes what remains here and in nested objects, apart from those that were not read at all. */
  takeAdditions(bound: readonly string[]): Additions {
    const nested = [...this.#inner].map(([name, fields]) => [name, fields.#addition(bound.includes(name))] as const);
    return { inner: Object.fromEntries(nested.filter(([, one]) => !isEmpty(one))), fields: {} };
  }

  #addition(isBound: boolean): Additions {
    const { inner } = this.takeAdditions([]);
    const fields = this.takeAll();
    const { type } = this.sent;
    return { fields, inner, ...((isBound || type !== undefined) && { within: { type } }) };
  }

  /** Takes what remains at any depth; returns whether there was anything. */
  takeEverything(): boolean {
    const isLeft = this.unread().length > 0;
    this.takeRest();
    for (const fields of [...this.#items, ...this.#inner.values()]) fields.takeEverything();
    return isLeft;
  }

  /** Takes the field if it is a string; other types can be taken by another method. */
  ifString(name: string): string | undefined {
    return this.isString(name) ? this.string(name) : undefined;
  }

  isString(name: string): boolean {
    return typeof this.#remaining.get(name) === "string";
  }

  string(name: string): string | undefined {
    return this.#typed(name, "a string", (value): value is string => typeof value === "string");
  }

  number(name: string): number | undefined {
    return this.#typed(name, "a number", (value): value is number => typeof value === "number");
  }

  boolean(name: string): boolean | undefined {
    return this.#typed(name, "a boolean", (value): value is boolean => typeof value === "boolean");
  }

  /** A string that must be one of `values`. */
  oneOf<Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const value = this.string(name);
    if (value === undefined || (values as readonly string[]).includes(value)) return value as Value | undefined;
    const listed = values.map((one) => `'${one}'`).join(", ");
    refuse(`Invalid value: '${value}'. Supported values are: ${listed}.`, this.pathOf(name), "invalid_value");
  }

  /** A string, or an array of strings. */
  strings(name: string): readonly string[] | undefined {
    const isStrings = (value: unknown): value is string | readonly string[] =>
      asStrings(value).length === (Array.isArray(value) ? value.length : 1);
    const value = this.#typed(name, "a string or an array of strings", isStrings);
    return value === undefined ? undefined : asStrings(value);
  }

  /** An object that is passed on unchanged. */
  json(name: string): Json | undefined {
    return this.#typed(name, "an object", (value): value is Json => asObject(value) !== undefined);
  }

  object(name: string): Fields | undefined {
    const value = this.json(name);
    if (value === undefined) return undefined;
    const fields = new Fields(value, this.pathOf(name));
    if (this.#inner === NO_INNER) this.#inner = new Map();
    this.#inner.set(name, fields);
    return fields;
  }

  objects(name: string): readonly Fields[] | undefined {
    const value = this.#typed(name, "an array of objects", (list): list is readonly Json[] => {
      return Array.isArray(list) && list.every((item) => asObject(item) !== undefined);
    });
    const items = value?.map((item, index) => new Fields(item, `${this.pathOf(name)}[${index}]`));
    if (items !== undefined) this.#items = [...this.#items, ...items];
    return items;
  }

  pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  /** Rejects the request because of this object or one of its fields. */
  refuse(message: string, name?: string): never {
    const path = name === undefined ? this.path : this.pathOf(name);
    refuse(path === "" ? message : `${path}: ${message}`, path === "" ? undefined : path);
  }

  /** An adjustment for each field that was not taken, at any depth. */
  unread(): readonly Adjustment[] {
    const found: Adjustment[] = [];
    this.#findUnread(found);
    return found;
  }

  /** The same without those in the objects of arrays. */
  unreadFields(): readonly Adjustment[] {
    const found: Adjustment[] = [];
    this.#findUnreadFields(found);
    return found;
  }

  #findUnread(found: Adjustment[]): void {
    this.#findUnreadFields(found);
    for (const inner of this.#inner.values()) for (const item of inner.#items) item.#findUnread(found);
    for (const item of this.#items) item.#findUnread(found);
  }

  #findUnreadFields(found: Adjustment[]): void {
    for (const [name, from] of this.#remaining)
      found.push({ setting: this.pathOf(name), from, to: undefined, reason: "this field is not supported" });
    for (const inner of this.#inner.values()) inner.#findUnreadFields(found);
  }

  #typed<T>(name: string, kind: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.take(name);
    if (value === undefined || is(value)) return value;
    refuse(`Invalid type for '${this.pathOf(name)}': expected ${kind}.`, this.pathOf(name), "invalid_type");
  }
}

/** Most objects have none: one request has hundreds of objects. */
const NO_INNER: Map<string, Fields> = new Map();
const NO_ITEMS: Fields[] = [];

function isEmpty({ fields, inner }: Additions): boolean {
  return Object.keys(fields).length + Object.keys(inner).length === 0;
}

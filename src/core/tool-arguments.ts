import { isDeepJson } from "./bounded-depth.ts";
import { JsonNesting } from "./json-nesting.ts";
import type { ToolCall, ToolKind } from "./tool.ts";

type Tree = Readonly<Record<string, unknown>>;

/** A tool call as the server sent it. */
export interface GivenCall {
  readonly id: string;
  readonly name: string | undefined;
  readonly json: string;
  readonly kind?: ToolKind;
  /** Arguments that are not a JSON object are a `problem` of the call, not a failure of the answer. */
  readonly deliverInvalid?: boolean | undefined;
}

/** The valid call, or the problem. */
export type CheckedCall = { readonly call: ToolCall } | { readonly problem: string };

/**
 * Checks a tool call of any wire format: it needs a name, and its arguments must be a JSON object. Blank arguments and `null`
 * count as an empty object, because some servers send them for tools without parameters.
 */
export function checkToolCall({ id, name, json, kind = "function", deliverInvalid }: GivenCall): CheckedCall {
  if (name === undefined || name.trim() === "") return { problem: "a tool call has no name" };
  if (isBlank(json) || json.trim() === "null") return { call: { kind, id, name, arguments: {}, json: "{}" } };
  const fields = objectOf(parseJson(json)?.value);
  if (fields !== undefined && !isDeepJson(json, fields)) return { call: { kind, id, name, arguments: fields, json } };
  const problem = `the arguments of the tool call ${name} are ${argumentsProblem(json)}`;
  return deliverInvalid === true ? { call: { kind, id, name, arguments: {}, json, problem } } : { problem };
}

function argumentsProblem(json: string): string {
  const parsed = parseJson(json);
  if (parsed === undefined) return "not JSON";
  return objectOf(parsed.value) === undefined ? "not a JSON object" : "nested too deeply";
}

/**
 * Collects streamed arguments. Some servers start a call with `{}`, send each chunk as a snapshot of everything so far, or
 * repeat everything at the end. The emitted text is always a prefix of the final arguments, if the snapshots are.
 */
export class ArgumentsText {
  /** All chunks, joined. */
  #joined = "";
  /** The chunks, where a snapshot replaces what it repeats. */
  #latest = "";
  #shown = 0;
  #blank = true;
  #nesting = new JsonNesting();
  /** Whether it is unclear how the chunks belong together; nothing is emitted until the end. */
  #holds = false;

  /** Adds a chunk and returns the next text to emit. */
  add(piece: string): string {
    if (piece === "") return "";
    if (isPlaceholder(this.#joined) && !isBlank(piece)) this.#restart();
    this.#holds ||= this.#startsOver(piece);
    this.#joined += piece;
    this.#nesting.add(piece);
    this.#blank &&= isBlank(piece);
    this.#latest = piece.startsWith(this.#latest) ? piece : this.#latest + piece;
    return this.#holds || isOpening(this.#joined) ? "" : this.#showNext(piece);
  }

  /** The arguments, as one JSON object if possible. */
  get text(): string {
    if (!this.#holds || isObject(this.#joined)) return this.#joined;
    if (isObject(this.#latest)) return this.#latest;
    return lastSnapshot(this.#joined) ?? this.#joined;
  }

  /** Whether the chunks form a complete JSON object. */
  get complete(): boolean {
    return this.#nesting.closed && isObject(this.text);
  }

  /** Whether only a placeholder for empty arguments has arrived. */
  get empty(): boolean {
    return this.#blank || isPlaceholder(this.#joined);
  }

  /** Whether `whole` repeats the complete arguments. */
  repeats(whole: string): boolean {
    const { text } = this;
    return text === whole || sameJson(text, whole);
  }

  /**
   * Compares with the complete arguments from the server: returns the missing end, or `undefined` if they differ.
   */
  complement(whole: string): string | undefined {
    if (isBlank(whole)) return "";
    if (this.repeats(whole)) return "";
    const { text } = this;
    if (!this.empty && !whole.startsWith(text)) return undefined;
    this.#restart();
    this.#joined = whole;
    this.#latest = whole;
    this.#nesting.add(whole);
    this.#blank = false;
    return this.#show(whole);
  }

  /** The rest of the text to emit, after the last chunk. */
  end(): string {
    const { text } = this;
    return this.#show(isBlank(text) || text.trim() === "null" ? "{}" : text);
  }

  #restart(): void {
    this.#joined = "";
    this.#latest = "";
    this.#holds = false;
    this.#blank = true;
    this.#nesting = new JsonNesting();
  }

  #startsOver(piece: string): boolean {
    if (this.#latest === "") return false;
    if (piece.startsWith(this.#latest)) return true;
    return piece.trimStart().startsWith("{") && this.#nesting.closed;
  }

  /** Slicing the joined text would copy all of it for each chunk. */
  #showNext(piece: string): string {
    const fresh = this.#shown === this.#joined.length - piece.length ? piece : this.#joined.slice(this.#shown);
    this.#shown = Math.max(this.#shown, this.#joined.length);
    return fresh;
  }

  /** Snapshots that change before their end cannot be emitted in chunks; only the finished call has them. */
  #show(text: string): string {
    if (this.#shown > 0 && !text.startsWith(this.#joined.slice(0, this.#shown))) return "";
    const fresh = text.slice(this.#shown);
    this.#shown = Math.max(this.#shown, text.length);
    return fresh;
  }
}

/** Empty arguments. */
function isPlaceholder(text: string): boolean {
  return text.length <= MAX_OPENING && /^\s*(?:\{\s*\}|null)\s*$/.test(text);
}

/** A placeholder or a prefix of one. */
function isOpening(text: string): boolean {
  return text.length <= MAX_OPENING && /^\s*(?:\{\s*\}|n(?:u(?:ll?)?)?)\s*$/.test(text);
}

const MAX_OPENING = 16;

function isBlank(text: string): boolean {
  return text.trim() === "";
}

function isObject(text: string): boolean {
  return objectOf(parseJson(text)?.value) !== undefined;
}

function objectOf(value: unknown): Tree | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Tree) : undefined;
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function sameJson(left: string, right: string): boolean {
  const [one, other] = [parseJson(left), parseJson(right)];
  return one !== undefined && other !== undefined && grows(one.value, other.value) && grows(other.value, one.value);
}

/** The last of several concatenated objects, if each one repeats or extends the one before it. */
function lastSnapshot(text: string): string | undefined {
  let last: { readonly text: string; readonly value: unknown } | undefined;
  for (const snapshot of objectsIn(text)) {
    const value = parseJson(snapshot)?.value;
    if (value === undefined || (last !== undefined && !grows(last.value, value))) return undefined;
    if (last === undefined || !grows(value, last.value)) last = { text: snapshot, value };
  }
  return last?.text;
}

/** Maximum depth of the comparison, which recurses. */
const MAX_DEPTH = 200;

/** Whether `after` extends `before`. */
function grows(before: unknown, after: unknown, depth = 0): boolean {
  if (depth > MAX_DEPTH) return false;
  if (typeof before === "string" && typeof after === "string") return after.startsWith(before);
  if (Array.isArray(before) && Array.isArray(after))
    return before.length <= after.length && before.every((item, index) => grows(item, after[index], depth + 1));
  const [fields, more] = [objectOf(before), objectOf(after)];
  if (fields === undefined || more === undefined) return before === after;
  return Object.entries(fields).every(([key, value]) => Object.hasOwn(more, key) && grows(value, more[key], depth + 1));
}

/** Splits a text after each top-level object and array. */
function objectsIn(text: string): readonly string[] {
  const found: string[] = [];
  const nesting = new JsonNesting();
  let start = 0;
  for (let end = nesting.endIn(text); end >= 0; end = nesting.endIn(text, start)) {
    found.push(text.slice(start, end));
    start = end;
  }
  const rest = text.slice(start);
  return isBlank(rest) ? found : [...found, rest];
}

import { setOwn } from "../../core/own.ts";
import { latestOf } from "./latest-of.ts";
import { objectIn, objectsIn, textIn, type WireObject } from "./wire-value.ts";

type Mutable = Record<string, unknown>;

const MESSAGE_FIELDS = [
  "reasoning_details",
  "thinking_blocks",
  "reasoning_opaque",
  "provider_specific_fields",
] as const;

/** The opaque fields of a message that its host requires back, collected from the deltas. */
export class MessageState {
  readonly #fields: Mutable = {};

  add(delta: WireObject): void {
    for (const name of MESSAGE_FIELDS) join(this.#fields, name, delta[name]);
    join(this.#fields, "extra_content", signedContent(delta["extra_content"]));
  }

  /** The fields that hold it. */
  get names(): readonly string[] {
    return Object.keys(this.#fields);
  }

  /** The state as the signature of a reasoning part; `undefined` if there is none. */
  get signature(): string | undefined {
    return Object.keys(this.#fields).length === 0 ? undefined : JSON.stringify(this.#fields);
  }
}

/** The opaque fields of a tool call that its host requires back. */
export function callState(call: WireObject): WireObject {
  const state: Mutable = {};
  join(state, "extra_content", call["extra_content"]);
  join(state, "provider_specific_fields", call["provider_specific_fields"]);
  const inner = objectIn(call["function"])?.["provider_specific_fields"];
  if (hasContent(inner)) join(state, "function", { provider_specific_fields: inner });
  return state;
}

export function joinStates(state: Mutable, more: WireObject): void {
  for (const [name, value] of Object.entries(more)) join(state, name, value);
}

/** The reasoning in opaque fields, for hosts that send it only there. */
export function reasoningIn(delta: WireObject): string {
  const { reasoning_details, thinking_blocks } = delta;
  if (reasoning_details === undefined && thinking_blocks === undefined) return "";
  const entries = [...objectsIn(reasoning_details), ...objectsIn(thinking_blocks)];
  return entries.map((entry) => TEXTS.map((name) => textIn(entry[name]) ?? "").join("")).join("");
}

/** Gemini's endpoint also marks reasoning here; that mark must not be sent back with the answer. */
function signedContent(extra: unknown): WireObject | undefined {
  if (extra === undefined) return undefined;
  const vendors = Object.entries(objectIn(extra) ?? {});
  const signed = vendors.filter(([, value]) => textIn(objectIn(value)?.["thought_signature"]) !== undefined);
  return signed.length === 0 ? undefined : Object.fromEntries(signed);
}

function hasContent(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false;
  return typeof value !== "object" || Object.values(value).some(hasContent);
}

/** Array entries are joined, objects merged, other values replaced. An empty value never replaces another one. */
function join(fields: Mutable, name: string, value: unknown): void {
  if (!hasContent(value)) return;
  const before = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (Array.isArray(value)) {
    const list = Array.isArray(before) ? (before as unknown[]) : [];
    for (const entry of value) addEntry(list, entry);
    setOwn(fields, name, list);
  } else if (objectIn(value) !== undefined && objectIn(before) !== undefined) {
    for (const [key, inner] of Object.entries(value as WireObject)) join(before as Mutable, key, inner);
  } else setOwn(fields, name, structuredClone(value));
}

/** The fields of an entry that arrive in fragments. */
const TEXTS = ["text", "summary", "thinking"] as const;

function addEntry(list: unknown[], entry: unknown): void {
  const fragment = objectIn(entry);
  const open = fragment === undefined ? undefined : openEntry(list, fragment);
  if (fragment === undefined || open === undefined) list.push(structuredClone(entry));
  else extend(open, fragment);
}

/** The entry that a fragment continues: with its type and index, or without an index the last one. */
function openEntry(list: readonly unknown[], fragment: WireObject): Mutable | undefined {
  const { type, index, id } = fragment;
  if (typeof type !== "string") return undefined;
  const isSame = (entry: WireObject | undefined) =>
    entry?.["type"] === type && sameOrMissing(entry["index"], index) && sameOrMissing(entry["id"], id);
  const last = typeof index === "number" ? latestOf(list, (entry) => isSame(objectIn(entry))) : list.at(-1);
  const open = objectIn(last);
  return open !== undefined && isSame(open) && continues(open, fragment) ? (open as Mutable) : undefined;
}

function sameOrMissing(left: unknown, right: unknown): boolean {
  return left === right || left === undefined || left === null || right === undefined || right === null;
}

/** Encrypted data arrives complete; text after a signature starts another entry, unless it repeats the signed text. */
function continues(open: WireObject, fragment: WireObject): boolean {
  const data = textIn(fragment["data"]);
  if (data !== undefined) return data === open["data"];
  if (textIn(open["signature"]) === undefined)
    return TEXTS.some((name) => typeof open[name] === "string") || "signature" in fragment;
  return TEXTS.every((name) => textIn(fragment[name]) === undefined || fragment[name] === open[name]);
}

function extend(open: Mutable, fragment: WireObject): void {
  const signed = textIn(open["signature"]) !== undefined || textIn(fragment["signature"]) !== undefined;
  for (const [name, value] of Object.entries(fragment)) {
    const before = Object.hasOwn(open, name) ? open[name] : undefined;
    if (value === undefined || value === null || value === "") {
      if (before === undefined) setOwn(open, name, value);
    } else if ((TEXTS as readonly string[]).includes(name) && typeof before === "string" && typeof value === "string") {
      if (!(signed && before === value)) open[name] = before + value;
    } else setOwn(open, name, structuredClone(value));
  }
}

import { own } from "../core/own.ts";

/** How a text for a pattern is generated; each attempt uses another style. */
export interface PatternStyle {
  /** Maximum repeats of an open quantifier beyond its minimum. */
  readonly repeats: number;
  /** The preferred characters of a class: letters and digits, ASCII, or non-ASCII; others if it has none of them. */
  readonly from: "plain" | "ascii" | "beyond";
}

const PLAIN: PatternStyle = { repeats: 3, from: "plain" };

/**
 * A text that matches a regular expression, found by sampling: lookarounds and back references are checked afterwards.
 * `undefined` if the sample does not match.
 */
export function textOfPattern(pattern: string, random: () => number, style = PLAIN): string | undefined {
  const whole = regexOf(pattern);
  if (whole === undefined) return undefined;
  const reader: Reader = { source: Array.from(pattern), at: 0, random, style, groups: new Map(), names: new Map() };
  try {
    const text = alternation(reader);
    return reader.at === reader.source.length && whole.test(text) ? text : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** JSON Schema patterns use the flag `u`; some existing patterns are valid only without it. */
export function regexOf(pattern: string): RegExp | undefined {
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      // The next one.
    }
  }
  return undefined;
}

interface Reader {
  readonly source: readonly string[];
  at: number;
  readonly random: () => number;
  readonly style: PatternStyle;
  /** Text of each capturing group by its start, so that reading it again finds the same group. */
  readonly groups: Map<number, string>;
  readonly names: Map<string, number>;
}

function alternation(reader: Reader): string {
  const branches = [sequence(reader)];
  while (reader.source[reader.at] === "|") {
    reader.at += 1;
    branches.push(sequence(reader));
  }
  return branches[Math.floor(reader.random() * branches.length)] ?? "";
}

function sequence(reader: Reader): string {
  let text = "";
  while (reader.at < reader.source.length && reader.source[reader.at] !== "|" && reader.source[reader.at] !== ")") {
    const start = reader.at;
    const first = atom(reader);
    const end = reader.at;
    text += repeated(reader, first, start, end);
  }
  return text;
}

/** Reads the quantifier after an atom, then the atom again for each repeat, so that repeats differ. */
function repeated(reader: Reader, first: string, start: number, end: number): string {
  const [least, most] = quantifier(reader);
  const after = reader.at;
  const times = least + Math.floor(reader.random() * (Math.min(most, least + reader.style.repeats) - least + 1));
  let text = "";
  for (let index = 0; index < times; index += 1) {
    reader.at = start;
    text += index === 0 ? first : atom(reader);
    if (index > 0 && reader.at !== end) throw new SyntaxError("uneven atom");
  }
  reader.at = after;
  return text;
}

function quantifier(reader: Reader): readonly [number, number] {
  const range = rangeAt(reader);
  if (range !== undefined && reader.source[reader.at] === "?") reader.at += 1;
  return range ?? [1, 1];
}

function rangeAt(reader: Reader): readonly [number, number] | undefined {
  const sign = reader.source[reader.at];
  const simple = sign === "?" ? [0, 1] : sign === "*" ? [0, Infinity] : sign === "+" ? [1, Infinity] : undefined;
  if (simple !== undefined) {
    reader.at += 1;
    return simple as [number, number];
  }
  if (sign !== "{") return undefined;
  const braces = /^\{(\d+)(?:(,)(\d*))?\}/.exec(reader.source.slice(reader.at).join(""));
  if (braces === null) return undefined;
  reader.at += braces[0].length;
  const least = Number(braces[1]);
  if (braces[2] === undefined) return [least, least];
  return [least, braces[3] === "" ? Infinity : Number(braces[3])];
}

function atom(reader: Reader): string {
  const start = reader.at;
  const character = reader.source[start] ?? "";
  reader.at += 1;
  if (character === "^" || character === "$") return "";
  if (character === ".") return reader.style.from === "plain" ? "a" : memberOf(".", reader);
  if (character === "(") return group(reader, start);
  if (character === "[") return memberOf(classText(reader, start), reader);
  if (character === "\\") return escaped(reader, start);
  return character;
}

const GROUP_HEAD = /^\?(?:(:)|<([A-Za-z_$][\w$]*)>|(<?[=!]))/;

function group(reader: Reader, start: number): string {
  const head = reader.source[reader.at] === "?" ? GROUP_HEAD.exec(rest(reader)) : undefined;
  if (head === null) throw new SyntaxError("unknown kind of group");
  reader.at += head?.[0].length ?? 0;
  if (head?.[2] !== undefined) reader.names.set(head[2], start);
  const isCapture = head === undefined || head[2] !== undefined;
  if (isCapture) reader.groups.set(start, "");
  const text = alternation(reader);
  reader.at += 1;
  if (isCapture) reader.groups.set(start, text);
  return head?.[3] === undefined ? text : "";
}

function rest(reader: Reader): string {
  return reader.source.slice(reader.at, reader.at + 80).join("");
}

const CONTROLS: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v", 0: "\0" };
const LONG_ESCAPE = /^(?:[pP]\{[^}]+\}|u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[dDwWsS])/;
const BACK_REFERENCE = /^(?:([1-9]\d?)|k<([^>]+)>)/;

function escaped(reader: Reader, start: number): string {
  const text = rest(reader);
  const reference = BACK_REFERENCE.exec(text);
  if (reference !== null) {
    reader.at += reference[0].length;
    return captured(reference, reader);
  }
  const long = LONG_ESCAPE.exec(text);
  reader.at += long?.[0].length ?? 1;
  if (long !== null) return memberOf(reader.source.slice(start, reader.at).join(""), reader);
  const character = reader.source[reader.at - 1] ?? "";
  if (character === "b" || character === "B") return "";
  return own(CONTROLS, character) ?? character;
}

function captured([, number, name]: RegExpExecArray, { groups, names }: Reader): string {
  const start =
    name === undefined ? [...groups.keys()].sort((left, right) => left - right)[Number(number) - 1] : names.get(name);
  return groups.get(start ?? -1) ?? "";
}

/** The source of a class, from its opening bracket. */
function classText(reader: Reader, start: number): string {
  for (; reader.at < reader.source.length && reader.source[reader.at] !== "]"; reader.at += 1)
    if (reader.source[reader.at] === "\\") reader.at += 1;
  reader.at += 1;
  return reader.source.slice(start, reader.at).join("");
}

const PLAIN_CHARACTERS = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
const ASCII = charactersFrom(0x20, 0x7e);
const BEYOND = [
  ...[charactersFrom(0x00, 0x1f), charactersFrom(0x7f, 0x2fff), charactersFrom(0x3041, 0x30ff)],
  ...[charactersFrom(0x4e00, 0x4eff), charactersFrom(0xac00, 0xacff), charactersFrom(0x1f300, 0x1faff)],
].flat();
const POOLS = {
  plain: [PLAIN_CHARACTERS, ASCII, BEYOND],
  ascii: [ASCII, BEYOND],
  beyond: [BEYOND, ASCII],
};

/** A character that a class or an escape allows. */
function memberOf(text: string, { random, style }: Reader): string {
  const members = membersOf(text, style.from);
  return members[Math.floor(random() * members.length)] ?? "";
}

const MAX_KEPT = 500;
const kept = new Map<string, readonly string[]>();

/** Characters are tested one by one, so that the engine decides what a class means; cached for repeated attempts. */
function membersOf(text: string, from: PatternStyle["from"]): readonly string[] {
  const key = `${from} ${text}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const single = regexOf(`^${text}$`);
  if (single === undefined) throw new SyntaxError("unknown class");
  const found =
    POOLS[from].map((pool) => pool.filter((one) => single.test(one))).find(({ length }) => length > 0) ?? [];
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(key, found);
  return found;
}

function charactersFrom(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String.fromCodePoint(from + index));
}

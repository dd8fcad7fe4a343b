import { own } from "../core/own.ts";
/**
 * A text that matches a regular expression, for the part of the syntax JSON Schemas use: literals, classes, groups,
 * alternation, quantifiers, anchors. `undefined` when the expression asks for more (look-around, back references).
 */
export function textOfPattern(pattern: string, random: () => number): string | undefined {
  const reader: Reader = { source: Array.from(pattern), at: 0, random };
  try {
    const text = alternation(reader);
    return reader.at === reader.source.length && matches(pattern, text) ? text : undefined;
  } catch {
    return undefined;
  }
}

interface Reader {
  readonly source: readonly string[];
  at: number;
  readonly random: () => number;
}

const DIGITS = "0123456789";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const CLASSES: Readonly<Record<string, string>> = {
  d: DIGITS,
  w: LETTERS + DIGITS,
  s: " ",
  D: LETTERS,
  W: "-",
  S: LETTERS,
};
const CONTROLS: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
/** Most repeats of an open quantifier beyond its minimum. */
const EXTRA_REPEATS = 3;

function matches(pattern: string, text: string): boolean {
  return new RegExp(pattern, "u").test(text);
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

/** Reads the quantifier after an atom, then reads the atom again for each further repeat so that repeats differ. */
function repeated(reader: Reader, first: string, start: number, end: number): string {
  const [least, most] = quantifier(reader);
  const after = reader.at;
  const times = least + Math.floor(reader.random() * (Math.min(most, least + EXTRA_REPEATS) - least + 1));
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
  const character = reader.source[reader.at] ?? "";
  reader.at += 1;
  if (character === "^" || character === "$") return "";
  if (character === ".") return "a";
  if (character === "(") return group(reader);
  if (character === "[") return oneOf(characterClass(reader), reader);
  if (character === "\\") return oneOf(escaped(reader), reader);
  return character;
}

function group(reader: Reader): string {
  if (reader.source[reader.at] === "?") {
    const head = /^\?(?::|<[A-Za-z]\w*>)/.exec(reader.source.slice(reader.at).join(""));
    if (head === null) throw new SyntaxError("look-around");
    reader.at += head[0].length;
  }
  const text = alternation(reader);
  reader.at += 1;
  return text;
}

function escaped(reader: Reader): string {
  const character = reader.source[reader.at] ?? "";
  reader.at += 1;
  if (character === "b" || character === "B") return "";
  if (/[1-9kpPux]/.test(character)) throw new SyntaxError("unsupported escape");
  return own(CLASSES, character) ?? own(CONTROLS, character) ?? character;
}

function characterClass(reader: Reader): string {
  const negated = reader.source[reader.at] === "^";
  if (negated) reader.at += 1;
  let members = "";
  while (reader.at < reader.source.length && reader.source[reader.at] !== "]") members += classMember(reader);
  reader.at += 1;
  return negated
    ? Array.from(`${LETTERS}${DIGITS} _-`)
        .filter((one) => !members.includes(one))
        .join("")
    : members;
}

function classMember(reader: Reader): string {
  const from = reader.source[reader.at] ?? "";
  reader.at += 1;
  if (from === "\\") return escaped(reader);
  const to = reader.source[reader.at + 1];
  if (reader.source[reader.at] !== "-" || to === undefined || to === "]") return from;
  reader.at += 2;
  const [low, high] = [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0];
  return Array.from({ length: Math.min(high - low + 1, 512) }, (_, index) => String.fromCodePoint(low + index)).join(
    "",
  );
}

function oneOf(members: string, reader: Reader): string {
  const characters = Array.from(members);
  return characters[Math.floor(reader.random() * characters.length)] ?? "";
}

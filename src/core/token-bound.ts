import { type CharacterTable, characterTable } from "./character-costs.ts";

/**
 * An upper bound of the token count of a string, without a tokenizer: adds the highest cost of each character in its context.
 * Costs are measured with o200k_base and cl100k_base; docs/guide/tokens.md has the figures. Takes 13 to 15 ns per character.
 *
 * Varied text has the average costs of its kind. Text that repeats a few pairs of characters may repeat the expensive ones, so a block
 * with few pairs has the highest costs.
 */
export function tokenBound(text: string): number {
  tables ??= { varied: asciiCosts(variedCost), repeated: asciiCosts(repeatedCost), ...characterTable() };
  let hundredths = 0;
  const block: Block = { from: 0, to: 0, state: NEW_LINE, script: 0, letters: 0 };
  while (block.to < text.length) {
    block.from = block.to;
    block.to = Math.min(block.from + BLOCK, text.length);
    hundredths += blockCost(text, block, tables);
  }
  const cost = hundredths / 100;
  const bound = Math.ceil(cost + Math.sqrt(cost) * SPREAD + FEW);
  // A byte-level tokenizer has no token without a byte.
  return bound <= text.length ? bound : Math.min(bound, Buffer.byteLength(text));
}

/** A part of the text and the state at its end. */
interface Block {
  from: number;
  to: number;
  /** The last character, SPACES or NOT_ASCII. */
  state: number;
  /** The number of the script of the last character; 0 for ASCII. */
  script: number;
  /** Small letters since the last other character. */
  letters: number;
}

/** In hundredths of a token; the block then has what is after it. */
function blockCost(text: string, block: Block, { varied, repeated, costs: others, scripts }: Tables): number {
  stamp = stamp === MAX_STAMP ? 1 : stamp + 1;
  if (stamp === 1) PAIRS.fill(0);
  let { state, script, letters } = block;
  let low = 0;
  let high = 0;
  let pairs = 0;
  let before = 0;
  for (let index = block.from; index < block.to; index++) {
    const code = text.charCodeAt(index);
    const pair = ((before << 7) ^ code) & (ALL_PAIRS - 1);
    before = code;
    if (PAIRS[pair] !== stamp) {
      PAIRS[pair] = stamp;
      pairs++;
    }
    if (code < 128) {
      const place = (state << 7) | code;
      low += varied[place] as number;
      high += repeated[place] as number;
      state = code === SPACE && (state === SPACE || state === SPACES) ? SPACES : code;
      script = 0;
      letters = code >= LOWER_A ? letters + 1 : 0;
      if (letters > LONG_WORD) low += LONG_WORD_COST;
      continue;
    }
    const own = scripts[code] as number;
    const cost = others[code] as number;
    // Characters of several scripts in a row are no words of any language.
    low += script !== own && script !== 0 && own !== 0 ? 300 : cost;
    high += code < 0x800 || isSurrogate(code) ? 200 : 300;
    if (state === SPACE || state === SPACES) {
      if (cost >= RARE) low += 100;
      high += 100;
    }
    state = NOT_ASCII;
    script = own;
  }
  Object.assign(block, { state, script, letters });
  const length = block.to - block.from;
  return pairs < length * (length < SHORT ? VARIED_SHORT : VARIED) ? Math.max(low, high) : low;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

/** Characters whose pairs are counted together. */
const BLOCK = 128;
/** The share of different pairs in varied text. */
const VARIED = 0.5;
/** A short block has few pairs twice, whatever its kind, so that this share is larger. */
const SHORT = 32;
const VARIED_SHORT = 0.8;
const ALL_PAIRS = 1 << 14;
/** The number of the last block with a pair. */
const PAIRS = new Uint16Array(ALL_PAIRS);
const MAX_STAMP = 65_535;
let stamp = 0;

interface Tables extends CharacterTable {
  /** Costs of an ASCII character after a state. */
  readonly varied: Uint8Array;
  readonly repeated: Uint8Array;
}

let tables: Tables | undefined;

const NEW_LINE = 10;
const SPACE = 32;
const LOWER_A = 97;
/** A space before such a character is a token of its own, in hundredths of a token. */
const RARE = 185;
/** Longer words, such as those of German, have more tokens; each further letter costs more. */
const LONG_WORD = 9;
const LONG_WORD_COST = 20;
/** Stands for all characters above ASCII; costs like punctuation. */
const NOT_ASCII = 63;
/** The state after several spaces. */
const SPACES = 128;
const STATES = 129;
/** Short texts deviate more from the average of their kind. */
const SPREAD = 0.5;
const FEW = 2;

/**
 * For each letter, the letters that often follow it in English words and in identifiers. Text with many other pairs is another
 * language, or random, and its words have more tokens.
 */
const OFTEN = [
  "bcdgilmnprstuy",
  "aeijlorsuy",
  "aehiklort",
  "adegiosy",
  "acdflmnpqrstvxy",
  "aefiortu",
  "aeghinorstu",
  "aeiort",
  "cdefglmnorst",
  "eosu",
  "eins",
  "adeilostuy",
  "abeiopsu",
  "acdegiklostu",
  "dfklmnoprstuvw",
  "aeiloprstu",
  "u",
  "aeginorstuy",
  "acehiopstuw",
  "aehiorstuy",
  "cdelmnprst",
  "aeio",
  "aehinors",
  "acipty",
  "emnopst",
  "aeou",
];

type PairCost = (previous: number, code: number) => number;

/** Cost of a character after a state, in hundredths of a token. */
function asciiCosts(cost: PairCost): Uint8Array {
  const costs = new Uint8Array(STATES << 7);
  for (let state = 0; state < STATES; state++)
    for (let code = 0; code < 128; code++) costs[(state << 7) | code] = cost(state, code);
  return costs;
}

type Kind = "lower" | "upper" | "digit" | "space" | "spaces" | "break" | "mark" | "control";

function kindOf(code: number): Kind {
  if (code >= 97 && code <= 122) return "lower";
  if (code >= 65 && code <= 90) return "upper";
  if (code >= 48 && code <= 57) return "digit";
  if (code === SPACE) return "space";
  if (code === SPACES) return "spaces";
  if (code === 9 || code === 10 || code === 13) return "break";
  return code > 32 && code < 127 ? "mark" : "control";
}

function variedCost(previous: number, code: number): number {
  const before = kindOf(previous);
  const isSpace = isBlank(before);
  const repeated = previous === code;
  switch (kindOf(code)) {
    case "lower":
      if (before === "lower" || before === "upper") return isOften(previous, code) ? 3 : 125;
      return before === "digit" ? 110 : 100;
    case "upper":
      if (before === "upper") return isOften(previous, code) ? 25 : 100;
      return 105;
    case "space":
    case "spaces":
      // The last space belongs to the next word; the ones before it are a token.
      if (before === "spaces") return 6;
      return before === "space" ? 100 : 0;
    case "break":
      return repeated ? 35 : 100;
    case "mark":
      if (repeated) return 35;
      return before === "mark" ? 80 : 95;
    case "control":
      return isSpace ? 200 : 100;
    case "digit":
      // OpenAI's tokenizers join up to three digits, others none. None joins a digit with the space before it.
      return isSpace ? 200 : 100;
  }
}

function isBlank(kind: Kind): boolean {
  return kind === "space" || kind === "spaces";
}

/** The same in text that repeats a few pairs. */
function repeatedCost(previous: number, code: number): number {
  const cost = variedCost(previous, code);
  const kind = kindOf(code);
  const before = kindOf(previous);
  if (kind === "mark") return previous === code ? 67 : 100;
  if (kind === "break") return breakCost(before, previous, code);
  if (kind === "lower" && before === "upper") return Math.max(cost, 100);
  if (before !== "lower" && before !== "upper") return cost;
  return kind === "lower" || kind === "upper" ? Math.max(cost, 70) : cost;
}

function breakCost(before: Kind, previous: number, code: number): number {
  if (isBlank(before)) return 200;
  return previous === NEW_LINE && code === NEW_LINE ? 35 : 100;
}

function isOften(previous: number, code: number): boolean {
  return OFTEN[(previous | 32) - 97]?.includes(String.fromCharCode(code | 32)) === true;
}

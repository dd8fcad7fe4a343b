/**
 * An upper bound of the tokens of a text, without a tokenizer: each character counts as many tokens as it can have in its place. Measured
 * with o200k_base and cl100k_base; docs/guide/tokens.md has the figures. Reads the whole text, at a few nanoseconds a character.
 */
export function tokenBound(text: string): number {
  ascii ??= asciiCosts();
  const costs = ascii;
  let hundredths = 0;
  let previous = NEW_LINE;
  let script = 0;
  let letters = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 128) {
      hundredths += costs[(previous << 7) | code] as number;
      previous = code;
      script = 0;
      letters = code >= LOWER_A ? letters + 1 : 0;
      if (letters > LONG_WORD) hundredths += LONG_WORD_COST;
      continue;
    }
    const block = code >> 7;
    const own = SCRIPTS[block] as number;
    // Characters of several scripts in a row are no words of any language.
    hundredths += script !== own && script !== 0 && own !== 0 ? 300 : (COSTS[block] as number);
    previous = NOT_ASCII;
    script = own;
  }
  const cost = hundredths / 100;
  const bound = Math.ceil(cost + Math.sqrt(cost) * SPREAD + FEW);
  // A byte-level tokenizer has no token without a byte.
  return bound <= text.length ? bound : Math.min(bound, Buffer.byteLength(text));
}

const NEW_LINE = 10;
const LOWER_A = 97;
/** Longer words, such as those of German, have more tokens; each further letter costs more. */
const LONG_WORD = 9;
const LONG_WORD_COST = 20;
/** Stands for all characters above ASCII; costs like punctuation. */
const NOT_ASCII = 63;
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

let ascii: Uint8Array | undefined;

/** Cost of a character after another one, in hundredths of a token. */
function asciiCosts(): Uint8Array {
  const costs = new Uint8Array(1 << 14);
  for (let previous = 0; previous < 128; previous++)
    for (let code = 0; code < 128; code++) costs[(previous << 7) | code] = pairCost(previous, code);
  return costs;
}

type Kind = "lower" | "upper" | "digit" | "space" | "break" | "mark" | "control";

function kindOf(code: number): Kind {
  if (code >= 97 && code <= 122) return "lower";
  if (code >= 65 && code <= 90) return "upper";
  if (code >= 48 && code <= 57) return "digit";
  if (code === 32) return "space";
  if (code === 9 || code === 10 || code === 13) return "break";
  return code > 32 && code < 127 ? "mark" : "control";
}

function pairCost(previous: number, code: number): number {
  const before = kindOf(previous);
  const repeated = previous === code;
  switch (kindOf(code)) {
    case "lower":
      if (before === "lower" || before === "upper") return isOften(previous, code) ? 3 : 125;
      return before === "digit" ? 110 : 100;
    case "upper":
      if (before === "upper") return isOften(previous, code) ? 25 : 100;
      return 105;
    case "space":
      // One space belongs to the next word.
      if (before === "space") return 6;
      return before === "break" ? 90 : 0;
    case "break":
      return repeated ? 35 : 100;
    case "mark":
      if (repeated) return 35;
      return before === "mark" ? 80 : 95;
    case "digit":
    case "control":
      // OpenAI's tokenizers join up to three digits, others none.
      return 100;
  }
}

function isOften(previous: number, code: number): boolean {
  return OFTEN[(previous | 32) - 97]?.includes(String.fromCharCode(code | 32)) === true;
}

/** Scripts by their first and last character, and their cost in hundredths of a token; all others cost their UTF-8 bytes. */
const RANGES: readonly (readonly [first: number, last: number, script: number, cost: number])[] = [
  // Latin with accents, Greek, Cyrillic, Hebrew, Arabic.
  [0x80, 0x24f, 1, 145],
  [0x380, 0x3ff, 2, 130],
  [0x400, 0x4ff, 3, 80],
  [0x580, 0x5ff, 4, 135],
  [0x600, 0x6ff, 5, 100],
  // Devanagari, Bengali, the other scripts of India, Thai, Georgian, Vietnamese.
  [0x900, 0x97f, 6, 135],
  [0x980, 0x9ff, 7, 165],
  [0xa00, 0xdff, 8, 205],
  [0xe00, 0xe7f, 9, 140],
  [0x1080, 0x10ff, 10, 235],
  [0x1e00, 0x1eff, 1, 145],
  // Punctuation, symbols, lines of tables.
  [0x2000, 0x207f, 0, 155],
  [0x2080, 0x24ff, 11, 250],
  [0x2500, 0x257f, 11, 105],
  [0x2580, 0x2fff, 11, 205],
  // Chinese, Japanese, Korean.
  [0x3000, 0x30ff, 12, 130],
  [0x4e00, 0x9fff, 12, 220],
  [0xac00, 0xd7af, 13, 135],
  [0xff00, 0xffff, 12, 205],
  // Halves of surrogate pairs.
  [0xd800, 0xdfff, 14, 200],
];

const SCRIPTS = new Uint8Array(512);
const COSTS = new Uint16Array(512);
for (let block = 0; block < 512; block++) {
  const range = RANGES.find(([first, last]) => block >= first >> 7 && block <= last >> 7);
  SCRIPTS[block] = range?.[2] ?? 15;
  COSTS[block] = range?.[3] ?? (block < 16 ? 200 : 300);
}

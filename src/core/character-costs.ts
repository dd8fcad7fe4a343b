/**
 * Characters, the number of their script, and their cost in hundredths of a token: what they have in random text of their script. All
 * others cost their UTF-8 bytes.
 */
const RANGES: readonly (readonly [first: number, last: number, script: number, cost: number])[] = [
  // Latin with accents.
  [0x80, 0x9f, 1, 200],
  [0xa0, 0xff, 1, 145],
  [0x100, 0x17f, 1, 180],
  [0x180, 0x24f, 1, 200],
  [0x1e00, 0x1e9f, 1, 285],
  // Vietnamese.
  [0x1ea0, 0x1eff, 1, 170],
  // Greek, Cyrillic: small letters are common.
  [0x370, 0x3ff, 2, 200],
  [0x3ac, 0x3ce, 2, 130],
  [0x400, 0x52f, 3, 200],
  [0x410, 0x42f, 3, 130],
  [0x430, 0x44f, 3, 90],
  // Hebrew, Arabic.
  [0x580, 0x5ff, 4, 200],
  [0x5d0, 0x5ea, 4, 150],
  [0x600, 0x6ff, 5, 200],
  [0x620, 0x64a, 5, 125],
  // Devanagari, Bengali, the other scripts of India, Thai, Georgian.
  [0x900, 0x97f, 6, 200],
  [0x905, 0x94d, 6, 180],
  [0x980, 0x9ff, 7, 200],
  [0xa00, 0xdff, 8, 205],
  [0xe00, 0xe7f, 9, 200],
  [0xe01, 0xe4e, 9, 150],
  [0x1080, 0x10ff, 10, 235],
  // Punctuation, symbols, lines of tables.
  [0x2000, 0x206f, 0, 185],
  [0x2070, 0x24ff, 11, 255],
  [0x2500, 0x25ff, 11, 200],
  [0x2600, 0x27bf, 11, 230],
  // Chinese, Japanese.
  [0x3000, 0x303f, 12, 185],
  [0x3040, 0x30ff, 12, 150],
  ...[0x3041, 0x3043, 0x3045, 0x3047, 0x3049].map((small) => [small, small, 12, 200] as const),
  [0x308e, 0x3091, 12, 200],
  [0x3094, 0x30a0, 12, 200],
  [0x30f0, 0x30f2, 12, 200],
  [0x30f4, 0x30fa, 12, 200],
  [0x4e00, 0x9fff, 12, 240],
  [0xff00, 0xffff, 12, 205],
  // Korean.
  [0xac00, 0xd7af, 13, 265],
  // Halves of surrogate pairs.
  [0xd800, 0xdfff, 14, 200],
];

/** Costs and scripts of all characters. */
export interface CharacterTable {
  readonly costs: Uint16Array;
  readonly scripts: Uint8Array;
}

export function characterTable(): CharacterTable {
  const costs = new Uint16Array(1 << 16).fill(300).fill(200, 0, 0x800);
  const scripts = new Uint8Array(1 << 16).fill(15);
  for (const [first, last, script, cost] of RANGES) {
    costs.fill(cost, first, last + 1);
    scripts.fill(script, first, last + 1);
  }
  for (let code = 0xac00; code <= 0xd7a3; code++) if (isUsualSyllable(code - 0xac00)) costs[code] = USUAL_SYLLABLE;
  return { costs, scripts };
}

const USUAL_SYLLABLE = 160;
/** The consonants and vowels of most Korean syllables, in the order of Unicode. */
const LEADS = new Set([0, 2, 3, 5, 6, 7, 9, 11, 12, 14, 15, 16, 17, 18]);
const VOWELS = new Set([0, 1, 4, 5, 6, 8, 13, 18, 20]);
const TAILS = new Set([0, 1, 4, 8, 16, 17, 19, 21]);

function isUsualSyllable(index: number): boolean {
  return LEADS.has(Math.floor(index / 588)) && VOWELS.has(Math.floor(index / 28) % 21) && TAILS.has(index % 28);
}

import fc from "fast-check";
import cl100k from "gpt-tokenizer/encoding/cl100k_base";
import o200k from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, test } from "vitest";
import { estimateTextTokens, estimateTokens, maxTokens } from "../../src/core/estimate.ts";
import { tokenBound } from "../../src/core/token-bound.ts";
import { LANGUAGES, MACHINE_TEXTS, USUAL_TEXTS } from "../harness/text-kinds.ts";

const PLAIN = { disallowedSpecial: new Set<string>() };
/** The tokens of a text, with the tokenizer of OpenAI that needs more. */
function most(text: string): number {
  return Math.max(o200k.countTokens(text, PLAIN), cl100k.countTokens(text, PLAIN));
}

const TEXTS = { ...USUAL_TEXTS, ...LANGUAGES, ...MACHINE_TEXTS };

describe("the largest number of tokens of a text", () => {
  test.each(Object.entries(TEXTS))("is not below its tokens: %s", (_, text) => {
    expect(tokenBound(text)).toBeGreaterThanOrEqual(most(text));
  });

  test.each(Object.entries(USUAL_TEXTS))("is less than 1.5 times its tokens: %s", (_, text) => {
    expect(tokenBound(text) / most(text)).toBeLessThan(1.5);
  });

  test("is not below the tokens of repeated runs of a mark", () => {
    const marks = [..."!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"];
    const texts = marks.flatMap((mark) =>
      [2, 3, 4, 5].flatMap((run) => [" ", "  ", "a "].map((end) => mark.repeat(run) + end)),
    );
    const low = texts.map((text) => text.repeat(400)).filter((text) => tokenBound(text) < most(text));
    expect(low).toEqual([]);
  });

  const texts = Object.values(TEXTS);
  const piece = fc
    .tuple(fc.nat(texts.length - 1), fc.nat(60_000), fc.integer({ min: 20, max: 600 }))
    .map(([index, at, length]) => {
      const text = texts[index] as string;
      const from = at % text.length;
      return text.slice(from, from + length);
    });
  const separator = fc.constantFrom("", " ", "\n", "\n\n", ", ", "\t");

  test("is not below the tokens of mixtures of all kinds", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, separator), { minLength: 1, maxLength: 8 }), (pieces) => {
        const text = pieces.flat().join("");
        expect(tokenBound(text)).toBeGreaterThanOrEqual(most(text.toWellFormed()));
      }),
      { numRuns: 500 },
    );
  });

  test("is not below the tokens of random Unicode, nor above its bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(tokenBound(text)).toBeGreaterThanOrEqual(most(text));
        expect(tokenBound(text)).toBeLessThanOrEqual(Buffer.byteLength(text));
      }),
      { numRuns: 1_000 },
    );
  });
});

/** The characters of a script, or of a kind of symbols. */
const CLASSES: Readonly<Record<string, readonly [first: number, last: number]>> = {
  "ASCII letters": [0x61, 0x7a],
  "ASCII marks": [0x21, 0x2f],
  "control characters": [0, 0x1f],
  "Latin letters with accents": [0xa0, 0xff],
  "rare Latin letters": [0x100, 0x24f],
  phonetic: [0x250, 0x2af],
  Greek: [0x370, 0x3ff],
  Cyrillic: [0x400, 0x4ff],
  "Cyrillic small letters": [0x430, 0x44f],
  Armenian: [0x531, 0x58f],
  Hebrew: [0x5d0, 0x5ea],
  Arabic: [0x620, 0x64a],
  "Arabic with marks and digits": [0x600, 0x6ff],
  Devanagari: [0x900, 0x97f],
  Bengali: [0x980, 0x9ff],
  Tamil: [0xb80, 0xbff],
  Thai: [0xe01, 0xe5b],
  Tibetan: [0xf00, 0xfff],
  Georgian: [0x10a0, 0x10ff],
  "Hangul letters": [0x1100, 0x11ff],
  Khmer: [0x1780, 0x17ff],
  Vietnamese: [0x1e00, 0x1eff],
  "general punctuation": [0x2000, 0x206f],
  "arrows and mathematics": [0x2190, 0x22ff],
  "box drawing": [0x2500, 0x257f],
  symbols: [0x2580, 0x2bff],
  "Chinese punctuation": [0x3000, 0x303f],
  Kana: [0x3041, 0x30fa],
  Chinese: [0x4e00, 0x9fff],
  "rare Chinese": [0x3400, 0x4dbf],
  Hangul: [0xac00, 0xd7a3],
  "private use": [0xe000, 0xf8ff],
  "full width": [0xff01, 0xffef],
  emoji: [0x1f300, 0x1faff],
  "styled letters": [0x1d400, 0x1d7ff],
  "the rarest Chinese": [0x20000, 0x2a6df],
};

describe("the bound of random text, with spaces and line breaks,", () => {
  test.each(Object.entries(CLASSES))("is not below the tokens of o200k_base: %s", (_, [min, max]) => {
    const letter = fc.integer({ min, max }).map((code) => String.fromCodePoint(code));
    const space = fc.constantFrom(" ", "\n", "  ");
    const unit = fc.oneof({ arbitrary: letter, weight: 8 }, { arbitrary: space, weight: 1 });
    fc.assert(
      fc.property(fc.array(fc.oneof(letter, unit), { minLength: 1, maxLength: 200 }), (letters) => {
        const text = letters.join("");
        expect(tokenBound(text)).toBeGreaterThanOrEqual(o200k.countTokens(text, PLAIN));
      }),
      { numRuns: 200 },
    );
  });
});

/** Characters of plain data. */
const DATA: Readonly<Record<string, string>> = {
  digits: "0123456789",
  "small letters": "abcdefghijklmnopqrstuvwxyz",
  letters: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
  marks: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
  "white space": " \n\t\r",
  "digits and marks": "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
};

describe("the bound of text from few characters is not below its tokens:", () => {
  const alphabets = Object.entries(DATA);
  const charactersOf = (all: string) =>
    fc.tuple(
      fc.array(fc.constantFrom(...all), { minLength: 2, maxLength: 4 }),
      fc.subarray([" ", "\n", "\t", "  "], { maxLength: 2 }),
    );

  test.each(alphabets)("random %s", (_, all) => {
    const texts = charactersOf(all).chain(([some, spaces]) =>
      fc.array(fc.constantFrom(...some, ...spaces), { minLength: 1, maxLength: 600, size: "max" }),
    );
    fc.assert(
      fc.property(texts, (units) => {
        const text = units.join("");
        expect(tokenBound(text)).toBeGreaterThanOrEqual(most(text));
      }),
      { numRuns: 150 },
    );
  });

  test.each(alphabets)("a repeated unit of %s", (_, all) => {
    const unit = charactersOf(all).chain(([some, spaces]) =>
      fc.array(fc.constantFrom(...some, ...spaces), { minLength: 1, maxLength: 8 }),
    );
    fc.assert(
      fc.property(unit, fc.integer({ min: 1, max: 150 }), (units, times) => {
        const text = units.join("").repeat(times);
        expect(tokenBound(text)).toBeGreaterThanOrEqual(most(text));
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    "1 ",
    "1  ",
    "1, ",
    "1,",
    "0 1 1 0\n",
    "!) ",
    "th",
    "QZ ",
    "1\t",
    "a q ",
    "\r",
    "`\t\t",
    "cX",
    "ggn",
    '"',
    "er1",
  ])("%j, repeated", (unit) => {
    const text = unit.repeat(4_000);
    expect(tokenBound(text)).toBeGreaterThanOrEqual(most(text));
  });
});

describe("the bound of data is not below its tokens:", () => {
  const number = fc.oneof(fc.nat(9).map(String), fc.nat(99_999).map(String), fc.float({ noNaN: true }).map(String));
  const word = fc.constantFrom("id", "name", "total", "x", "Yes", "no", "2024-01-01", "");
  const rowsOf = (cell: fc.Arbitrary<string>) =>
    fc.array(fc.array(cell, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 40 });
  test.each<[string, fc.Arbitrary<string>, (rows: readonly (readonly string[])[]) => string]>([
    ["a matrix", number, (rows) => rows.map((row) => row.join(" ")).join("\n")],
    ["a matrix in JSON", number, (rows) => `[${rows.map((row) => `[${row.join(", ")}]`).join(",\n ")}]`],
    ["bits", fc.constantFrom("0", "1"), (rows) => rows.map((row) => row.join(" ")).join("\n")],
    ["an aligned table", number, (rows) => rows.map((row) => row.map((cell) => cell.padStart(8)).join("")).join("\n")],
    ["CSV", fc.oneof(number, word), (rows) => rows.map((row) => row.join(",")).join("\r\n")],
    ["tabs", fc.oneof(number, word), (rows) => rows.map((row) => row.join("\t")).join("\n")],
    ["a Markdown table", fc.oneof(number, word), (rows) => rows.map((row) => `| ${row.join(" | ")} |`).join("\n")],
    [
      "code",
      fc.oneof(number, word),
      (rows) => rows.map((row) => `  if (a[${row.join("][")}]) { b += ${row[0]}; }`).join("\n"),
    ],
  ])("%s", (_, cell, write) => {
    fc.assert(
      fc.property(rowsOf(cell), (rows) => {
        const text = write(rows);
        expect(tokenBound(text)).toBeGreaterThanOrEqual(most(text));
      }),
      { numRuns: 150 },
    );
  });
});

test("the bound of a prompt counts its messages, tools and attachments like the estimate", () => {
  const tool = { name: "f", description: "A function", parameters: { type: "object" } };
  const image = { type: "image", url: "https://example.com/a.png" } as const;
  expect(maxTokens([])).toBe(3);
  expect(maxTokens([{ role: "user", content: "" }])).toBe(estimateTokens([{ role: "user", content: "" }]));
  expect(maxTokens([{ role: "user", content: [image] }])).toBe(estimateTokens([{ role: "user", content: [image] }]));
  expect(maxTokens([], [tool])).toBeGreaterThanOrEqual(8 + most(JSON.stringify(tool)));
});

describe("the estimate of a long text, from samples,", () => {
  const repeated = (text: string) => text.repeat(Math.ceil(1_000_000 / text.length));
  const whole = (text: string) => {
    let tokens = 0;
    for (let at = 0; at < text.length; at += 50_000) tokens += estimateTextTokens(text.slice(at, at + 50_000));
    return tokens;
  };
  const prose = repeated(USUAL_TEXTS["English documentation"] as string);
  const code = repeated(USUAL_TEXTS.TypeScript as string);
  const json = repeated(MACHINE_TEXTS["indented JSON"] as string);
  const chinese = repeated(LANGUAGES.Chinese as string);
  test.each([
    ["prose", prose],
    ["code", code],
    ["JSON", json],
    ["Chinese", chinese],
    ["prose before Chinese", prose + chinese.slice(0, 200_000)],
    ["JSON before code", json + code],
  ])("differs little from that of the whole text: %s", (_, text) => {
    const ratio = estimateTextTokens(text) / whole(text);
    expect(ratio).toBeGreaterThan(0.95);
    expect(ratio).toBeLessThan(1.05);
  });

  test("is the same each time, and 0 for spaces", () => {
    expect(estimateTextTokens(prose)).toBe(estimateTextTokens(prose));
    expect(estimateTextTokens(" ".repeat(100_000))).toBe(0);
  });
});

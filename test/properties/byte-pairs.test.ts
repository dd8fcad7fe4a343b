import fc from "fast-check";
import cl100k from "gpt-tokenizer/encoding/cl100k_base";
import o200k from "gpt-tokenizer/encoding/o200k_base";
import harmony from "gpt-tokenizer/encoding/o200k_harmony";
import { describe, expect, it } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import { LANGUAGES, MACHINE_TEXTS, USUAL_TEXTS } from "../harness/text-kinds.ts";

const PLAIN = { disallowedSpecial: new Set<string>() };
const factory = ModelFactory.parse(
  `[models.o200k_base]\nname = "gpt-4o"\nprovider = "openai"\napi_key = "k"\n` +
    `[models.cl100k_base]\nname = "gpt-4-turbo"\nprovider = "openai"\napi_key = "k"\n` +
    `[models.o200k_harmony]\nname = "openai/gpt-oss-120b"\nprovider = "groq"\napi_key = "k"\n`,
  { env: {} },
);
const ENCODINGS = { o200k_base: o200k, cl100k_base: cl100k, o200k_harmony: harmony };

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.string({ unit: "grapheme-ascii", maxLength: 300 }),
  fc
    .array(fc.constantFrom("a", "b", "the", " ", "\n", "漢", "字", "é", "0", "<|endoftext|>"), { maxLength: 200 })
    .map((all) => all.join("")),
);

describe.each(Object.entries(ENCODINGS))("encode() with %s", (name, expected) => {
  const model = factory.get(name);

  it("gives the tokens of gpt-tokenizer, and decode() the text", () =>
    fc.assert(
      fc.asyncProperty(text, async (any) => {
        const tokens = await model.encode(any);
        expect(tokens).toEqual(expected.encode(any.toWellFormed(), PLAIN));
        expect(await model.decode(tokens)).toBe(any.toWellFormed());
      }),
      { numRuns: 300 },
    ));

  it("gives the tokens of gpt-tokenizer for languages, code and machine texts", async () => {
    for (const [kind, whole] of Object.entries({ ...USUAL_TEXTS, ...LANGUAGES, ...MACHINE_TEXTS })) {
      const part = whole.slice(0, 20_000).toWellFormed();
      const tokens = await model.encode(part);
      expect(tokens.length, kind).toBe(expected.countTokens(part, PLAIN));
      expect(await model.decode(tokens), kind).toBe(part);
    }
  });
});

it("decode() joins the bytes of a character that several tokens share, in any call", async () => {
  const model = factory.get("o200k_base");
  const tokens = await model.encode("\u{1F9D1}\u{1F3FD}‍\u{1F680} end");
  const [first, ...rest] = tokens as [number, ...number[]];
  expect(await model.decode([first])).toBe("\uFFFD");
  expect(await model.decode(rest)).not.toContain("\u{1F9D1}");
  expect(await model.decode(tokens)).toBe("\u{1F9D1}\u{1F3FD}‍\u{1F680} end");
  expect(await model.decode(await model.encode("\uFEFFtext"))).toBe("\uFEFFtext");
});

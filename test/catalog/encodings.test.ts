import { modelToEncodingMap } from "gpt-tokenizer/mapping";
import { describe, expect, test } from "vitest";
import { encodingOf } from "../../src/catalog/encodings.ts";

describe("the encoding of a model", () => {
  const published = Object.entries(modelToEncodingMap as Readonly<Record<string, string>>);
  const known = published.flatMap(([id, encoding]) => {
    const own = encodingOf("openai", id);
    return own === undefined ? [] : [{ id, encoding, own }];
  });

  test("is the one that a published tokenizer lists", () => {
    expect(known.filter(({ encoding, own }) => own !== encoding)).toEqual([]);
    expect(known.length).toBeGreaterThan(20);
  });
});

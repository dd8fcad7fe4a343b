import { invalidOption } from "../core/check-options.ts";
import type { ModelError } from "../core/error.ts";
import type { Encoding, Target } from "../core/target.ts";
import { entryError } from "../core/target-error.ts";
import { BytePairs, type Vocabulary } from "./byte-pairs.ts";

type Targets = readonly [Target, ...Target[]];

/** The encoding of the targets' tokens; undefined if it is unknown, or not the same for all of them. */
export function encodingOf(targets: readonly Target[]): Encoding | undefined {
  const encoding = targets[0]?.facts.encoding;
  return targets.every(({ facts }) => facts.encoding === encoding) ? encoding : undefined;
}

export async function encodeText(targets: Targets, text: unknown): Promise<number[]> {
  if (typeof text !== "string") throw invalidOption(`${targets[0].entry}: encode: the text must be a string`);
  return (await tokenizerOf(targets)).encode(text);
}

export async function decodeTokens(targets: Targets, tokens: unknown): Promise<string> {
  const place = `${targets[0].entry}: decode`;
  if (!Array.isArray(tokens)) throw invalidOption(`${place}: the tokens must be an array of integers`);
  const tokenizer = await tokenizerOf(targets);
  const wrong = tokens.findIndex((token) => !Number.isSafeInteger(token) || !tokenizer.has(token));
  if (wrong >= 0) throw invalidOption(`${place}: tokens[${wrong}] is not a token of ${encodingOf(targets)}`);
  return tokenizer.decode(tokens);
}

const LOADED = new Map<Encoding, BytePairs>();

async function tokenizerOf(targets: Targets): Promise<BytePairs> {
  const encoding = encodingOf(targets);
  if (encoding === undefined) throw unknownEncoding(targets);
  const loaded = LOADED.get(encoding);
  if (loaded !== undefined) return loaded;
  const tokenizer = new BytePairs(await loadVocabulary(encoding, targets[0]));
  LOADED.set(encoding, tokenizer);
  return tokenizer;
}

function unknownEncoding(targets: Targets): ModelError {
  const [first] = targets;
  const why = targets.every(({ facts }) => facts.encoding === undefined)
    ? `the encoding of ${first.modelId} is unknown`
    : "its members have different encodings";
  const words = `${why}; countTokens() estimates the tokens of a prompt, and with { exact: true } the provider counts them`;
  return entryError(first, "unsupported", words);
}

/** A few megabytes each, so that each is loaded on first use. Within `try`, bundlers do without a package that is missing. */
async function loadVocabulary(encoding: Encoding, target: Target): Promise<Vocabulary> {
  try {
    switch (encoding) {
      case "cl100k_base": {
        const { Cl100KBase } = await import("gpt-tokenizer/encodingParams/cl100k_base");
        return Cl100KBase((await import("gpt-tokenizer/bpeRanks/cl100k_base")).default);
      }
      case "o200k_base": {
        const { O200KBase } = await import("gpt-tokenizer/encodingParams/o200k_base");
        return O200KBase((await import("gpt-tokenizer/bpeRanks/o200k_base")).default);
      }
      case "o200k_harmony": {
        const { O200KHarmony } = await import("gpt-tokenizer/encodingParams/o200k_harmony");
        return O200KHarmony((await import("gpt-tokenizer/bpeRanks/o200k_base")).default);
      }
    }
  } catch (cause) {
    const words = "encode and decode need the package gpt-tokenizer; run npm i gpt-tokenizer";
    throw entryError(target, "unsupported", words, { cause });
  }
}

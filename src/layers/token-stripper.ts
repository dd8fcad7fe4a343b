import type { StripTokens } from "../core/option-values.ts";
import { possibleStart } from "../core/possible-start.ts";
import { type Divided, HeldText } from "./held-text.ts";

/** Removes special tokens from the text; `undefined` if there are none to remove. */
export function tokenStripper({ tokens, where }: StripTokens): HeldText | undefined {
  if (tokens.length === 0) return undefined;
  const longestFirst = tokens.toSorted((left, right) => right.length - left.length);
  return where === "anywhere" ? new TokenStripper(longestFirst) : new EdgeStripper(longestFirst, where === "edges");
}

/** Removes special tokens anywhere: from left to right, the longest first, but not tokens that a removal creates. */
class TokenStripper extends HeldText {
  readonly #firsts: ReadonlySet<string | undefined>;

  constructor(longestFirst: readonly string[]) {
    super(longestFirst);
    this.#firsts = new Set(longestFirst.map((token) => token[0]));
  }

  protected divide(text: string, _sample: number, ended: boolean): Divided {
    let shown = "";
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      if (!this.#firsts.has(text[at])) continue;
      const rest = text.slice(at);
      if (!ended && begins(rest, this.words)) return { shown: shown + text.slice(from, at), held: rest };
      const token = firstOf(rest, this.words);
      if (token === undefined) continue;
      shown += text.slice(from, at);
      from = at + token.length;
      at = from - 1;
    }
    return { shown: shown + text.slice(from), held: "" };
  }
}

/** A longer run of special tokens and whitespace is not the end of an answer. */
const MAX_END_LENGTH = 1_000;

/**
 * Removes special tokens at the end of the text, with the whitespace between and after them, and with `start` also at its
 * start. Elsewhere they are part of the text.
 */
class EdgeStripper extends HeldText {
  readonly #start: boolean;
  readonly #begun = new Set<number>();

  constructor(longestFirst: readonly string[], start: boolean) {
    super(longestFirst);
    this.#start = start;
  }

  protected divide(text: string, sample: number, ended: boolean): Divided {
    const rest = this.#withoutStart(text, sample);
    if (ended) return { shown: rest.slice(0, this.#endOf(rest)), held: "" };
    const shown = rest.length - this.#openEnd(rest);
    return { shown: rest.slice(0, shown), held: rest.slice(shown) };
  }

  #withoutStart(text: string, sample: number): string {
    if (!this.#start || this.#begun.has(sample)) return text;
    let rest = text;
    for (let token = firstOf(rest, this.words); token !== undefined; token = firstOf(rest, this.words))
      rest = rest.slice(token.length);
    if (possibleStart(rest, this.words) < rest.length) this.#begun.add(sample);
    return rest;
  }

  /** Length of the suffix that is buffered until more text arrives. */
  #openEnd(text: string): number {
    const open = possibleStart(text, this.words);
    let length = text.length - this.#endOf(text);
    for (let half = 1; half <= open; half++) {
      if (begins(text.slice(-half), this.words))
        length = Math.max(length, text.length - this.#endOf(text.slice(0, text.length - half)));
    }
    return length > MAX_END_LENGTH ? open : length;
  }

  /** Start of the tokens at the end of the text. */
  #endOf(text: string): number {
    let end = text.length;
    for (;;) {
      const trimmed = text.slice(0, end).trimEnd();
      const token = this.words.find((word) => trimmed.endsWith(word));
      if (token === undefined) return end;
      end = trimmed.length - token.length;
    }
  }
}

function firstOf(text: string, words: readonly string[]): string | undefined {
  return words.find((word) => text.startsWith(word));
}

function begins(text: string, words: readonly string[]): boolean {
  return words.some((word) => word.startsWith(text));
}

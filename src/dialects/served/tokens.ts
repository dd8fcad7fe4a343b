const CHARACTERS_PER_TOKEN = 4;

/** A simple, stable estimate: one token per four characters (code points). */
export function tokensOf(text: string): number {
  return Math.ceil(Array.from(text).length / CHARACTERS_PER_TOKEN);
}

/** Unrounded token count, so that counts of substrings add up. */
export function fractionalTokens(text: string): number {
  return Array.from(text).length / CHARACTERS_PER_TOKEN;
}

/** The first tokens of a string; never splits a code point. */
export function firstTokens(text: string, tokens: number): string {
  return Array.from(text)
    .slice(0, Math.max(0, tokens) * CHARACTERS_PER_TOKEN)
    .join("");
}

/** The tokens of a string, for log probabilities. */
export function tokenTexts(text: string): readonly string[] {
  const characters = Array.from(text);
  const count = Math.ceil(characters.length / CHARACTERS_PER_TOKEN);
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * CHARACTERS_PER_TOKEN, (index + 1) * CHARACTERS_PER_TOKEN).join(""),
  );
}

/** The stream deltas of a string: two words each. */
export function deltasOf(text: string): readonly string[] {
  return text.match(/\s*\S+(?:\s+\S+)?|\s+/gu) ?? [];
}

/** The stream deltas of JSON: a dozen characters each. */
export function jsonDeltasOf(json: string): readonly string[] {
  return json.match(/.{1,12}/gsu) ?? [];
}

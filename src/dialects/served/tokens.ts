const CHARACTERS_PER_TOKEN = 4;

/** A simple, stable measure: four characters (code points) make one token. */
export function tokensOf(text: string): number {
  return Math.ceil(Array.from(text).length / CHARACTERS_PER_TOKEN);
}

/** Tokens of a piece, not rounded, so that the pieces of a text add up. */
export function fractionalTokens(text: string): number {
  return Array.from(text).length / CHARACTERS_PER_TOKEN;
}

/** The first tokens of a text; never cuts a code point. */
export function firstTokens(text: string, tokens: number): string {
  return Array.from(text)
    .slice(0, Math.max(0, tokens) * CHARACTERS_PER_TOKEN)
    .join("");
}

/** A text as its tokens, as log probabilities list them. */
export function tokenTexts(text: string): readonly string[] {
  const characters = Array.from(text);
  const count = Math.ceil(characters.length / CHARACTERS_PER_TOKEN);
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * CHARACTERS_PER_TOKEN, (index + 1) * CHARACTERS_PER_TOKEN).join(""),
  );
}

/** A text as the deltas a stream sends: two words at a time, nothing lost. */
export function deltasOf(text: string): readonly string[] {
  return text.match(/\s*\S+(?:\s+\S+)?|\s+/gu) ?? [];
}

/** JSON as the deltas a stream sends: pieces of a dozen characters. */
export function jsonDeltasOf(json: string): readonly string[] {
  return json.match(/.{1,12}/gsu) ?? [];
}

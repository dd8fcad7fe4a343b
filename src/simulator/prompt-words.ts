/** Words of a prompt for arguments. */
export interface PromptWords {
  readonly prompt: string;
  readonly words: readonly string[];
  /** Capitalized words inside a sentence, which are mostly names. */
  readonly names: readonly string[];
  readonly quoted: readonly string[];
  readonly numbers: readonly number[];
}

const SHORT_WORDS = new Set(
  "about after also and any are ask between call can could does for from get give have here how into its just list make must next not now our out please per put set show should tell than that the their them then there these they this tool use using very want was were what when where which who will with why would you your".split(
    " ",
  ),
);

export function isTelling(word: string): boolean {
  return word.length >= 3 && !SHORT_WORDS.has(word.toLowerCase());
}

export function promptWords(prompt: string): PromptWords {
  const words = (prompt.match(/[\p{L}][\p{L}\p{N}'-]*/gu) ?? []).filter(isTelling);
  const names = [...prompt.matchAll(/\b\p{Lu}[\p{L}'-]+(?:\s\p{Lu}[\p{L}'-]+)*/gu)]
    .map(({ 0: name, index }) => (beginsSentence(prompt, index) ? name.split(/\s/).slice(1).join(" ") : name))
    .filter((name) => name !== "");
  const quoted = [...prompt.matchAll(/["'`]([^"'`\n]{1,80})["'`]/g)].map((match) => match[1] ?? "");
  const numbers = (prompt.match(/-?\b\d+(?:\.\d+)?\b/g) ?? []).map(Number);
  return { prompt, words, names, quoted, numbers };
}

const FURTHEST_BACK = 40;

/** A quotation mark also starts a sentence. */
function beginsSentence(prompt: string, index: number): boolean {
  const before = prompt.slice(Math.max(0, index - FURTHEST_BACK), index);
  return /["'`]$/.test(before) || before.trim() === "" || /[.!?]$/.test(before.trimEnd());
}

/** Escapes a text for a regular expression with the flag `u`, which allows a backslash only before these characters. */
export function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

const WHOLE_PROMPT = /^(query|question|prompt|text|input|message|search|content|task|instruction)s?$/i;
const PLACE = /city|place|location|town|country|region|destination|origin|address|where/i;

/** A value for a property: the one in the prompt, otherwise a name, a quotation or a word of the prompt. */
export function wordFor(property: string, source: PromptWords, random: () => number): string {
  return saidFor(property, source) ?? guessFor(property, source) ?? anyWord(source, random) ?? (property || "value");
}

function saidFor(property: string, { prompt }: PromptWords): string | undefined {
  const spoken = property.replace(/[_-]+|(?<=[a-z])(?=[A-Z])/g, " ").trim();
  if (spoken === "") return undefined;
  const said = new RegExp(
    `\\b${literally(spoken)}\\s*(?:[:=]|\\bis\\b|\\bnamed\\b|\\bcalled\\b)\\s*["'\`]?([\\p{L}\\p{N}_.@-]+)`,
    "iu",
  );
  return said.exec(prompt)?.[1];
}

function guessFor(property: string, source: PromptWords): string | undefined {
  if (PLACE.test(property))
    return source.names[0] ?? /\b(?:in|at|for|to|from)\s+([\p{L}-]{3,})/u.exec(source.prompt)?.[1];
  if (WHOLE_PROMPT.test(property) && source.prompt !== "") return source.quoted[0] ?? source.prompt.slice(0, 120);
  return source.quoted[0] ?? source.names[0];
}

function anyWord(source: PromptWords, random: () => number): string | undefined {
  return source.words[Math.floor(random() * source.words.length)];
}

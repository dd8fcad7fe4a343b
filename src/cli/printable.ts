/**
 * Characters that a terminal interprets: C0 and C1 controls (cursor, colours, titles, clipboard), and marks that change
 * the text direction. Tab and newline are allowed.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROLS = /(?!\r\n)[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Colours as `Paint` writes them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const COLOUR = /(\u001b\[\d{1,2}m)/;

/** Untrusted text of several lines, with its control characters escaped. */
export function printable(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** The same on one line, because a second line could be mistaken for our own output. */
export function printableLine(text: string): string {
  return printable(text).replace(/\r?\n|[\u2028\u2029]/g, (end) => JSON.stringify(end).slice(1, -1));
}

/** Our own text, which may be coloured. */
export function printableColoured(text: string): string {
  return text
    .split(COLOUR)
    .map((part) => (COLOUR.test(part) ? part : printable(part)))
    .join("");
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

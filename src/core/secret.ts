import { inspect } from "node:util";
import { covered, type Range } from "./range.ts";

/** A credential that shows itself only through `reveal()`: never in logs, inspect output or JSON. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}

const MASK = "[secret]";

/**
 * Untrusted text without the given secrets: a complete secret, or 8 consecutive characters of one, since providers quote the
 * ends of a key; as it is or encoded for JSON, URLs, HTML and base64. Linear in the length of the text.
 */
export function redact(text: string, secrets: readonly Secret[]): string {
  let clean = text;
  for (const secret of secrets) clean = withoutOne(clean, secret);
  return clean.replace(KEY_SHAPES, MASK);
}

/** Shapes of well-known keys, for echoes of a key we did not send. Linear: no nested quantifiers. */
const KEY_SHAPES = /\b(?:sk-[A-Za-z0-9_-]{12,}|AIza[A-Za-z0-9_-]{20,}|gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,})/g;

/** Words that only a machine makes: long, without spaces, of capitals, small letters and digits. */
const KEY_LIKE = /[^\s"'`,;]{20,}/g;

/** Our own message that quotes user input, without API keys that were written in the wrong place. */
export function withoutKeys(text: string): string {
  const clean = redact(text, []);
  return clean.replace(KEY_LIKE, (word) => (/[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word) ? MASK : word));
}

/** Shortest part of a secret that gives something away, and shortest secret that is worth looking for. */
const PIECE = 8;
const SHORTEST = 4;
/** A shorter part from the middle of a secret is taken for one only if it looks like no word. */
const LONG_PIECE = 16;

function withoutOne(text: string, secret: Secret): string {
  const value = secret.reveal();
  if (value.length >= PIECE) return covered(text, partsIn(text, piecesOf(secret)), MASK);
  return value.length < SHORTEST ? text : text.replaceAll(value, MASK);
}

/** Pieces of a secret in all its spellings; true for those that begin or end one. */
type Pieces = ReadonlyMap<string, boolean>;

function partsIn(text: string, pieces: Pieces): Range[] {
  const folded = folding(text);
  const found: Range[] = [];
  let part = { start: 0, end: -1, atEdge: false };
  const close = () => {
    if (part.end > 0 && isTelling(text, part)) found.push(part);
  };
  for (let at = 0; at + PIECE <= folded.length; at++) {
    const atEdge = pieces.get(folded.slice(at, at + PIECE));
    if (atEdge === undefined) continue;
    if (at > part.end) {
      close();
      part = { start: at, end: at + PIECE, atEdge };
    } else part = { start: part.start, end: at + PIECE, atEdge: part.atEdge || atEdge };
  }
  close();
  return found;
}

function isTelling(text: string, { start, end, atEdge }: Range & { readonly atEdge: boolean }): boolean {
  return atEdge || end - start >= LONG_PIECE || /[0-9A-Z]/.test(text.slice(start, end));
}

/** Host names and some proxies lose the case of what they repeat. */
function folding(text: string): string {
  const folded = text.toLowerCase();
  return folded.length === text.length ? folded : text;
}

const KNOWN_PIECES = new WeakMap<Secret, Pieces>();

function piecesOf(secret: Secret): Pieces {
  const known = KNOWN_PIECES.get(secret);
  if (known !== undefined) return known;
  const pieces = new Map<string, boolean>();
  for (const spelling of spellingsOf(secret.reveal())) {
    const folded = folding(spelling);
    const last = folded.length - PIECE;
    for (let at = 0; at <= last; at++) {
      const piece = folded.slice(at, at + PIECE);
      pieces.set(piece, pieces.get(piece) === true || at === 0 || at === last);
    }
  }
  KNOWN_PIECES.set(secret, pieces);
  return pieces;
}

function spellingsOf(value: string): string[] {
  const inJson = JSON.stringify(value).slice(1, -1);
  const inHtml = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
  const inAddress = encodeURIComponent(value.toWellFormed());
  return [
    value,
    inJson,
    inJson.replaceAll("/", "\\/"),
    inHtml,
    inAddress,
    ...[0, 1, 2].flatMap((at) => inBase64(value, at)),
  ];
}

/** What base64 makes of a value that begins `at` bytes into a group of three: the characters that are the value's alone. */
function inBase64(value: string, at: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(at), Buffer.from(value)]);
  const whole = bytes.toString("base64").replaceAll("=", "");
  const own = whole.slice(at === 0 ? 0 : at + 1, bytes.length % 3 === 0 ? undefined : -1);
  return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
}

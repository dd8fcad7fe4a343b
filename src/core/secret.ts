import { inspect } from "node:util";
import { covered, type Range } from "./range.ts";

/** A credential that is readable only through `reveal()`, never in logs, inspect output or JSON. */
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
 * Removes the given secrets from untrusted text: a complete secret, or 8 consecutive characters of one, because providers
 * quote the ends of a key; plain or encoded for JSON, URLs, HTML and base64. Linear in the length of the text.
 */
export function redact(text: string, secrets: readonly Secret[]): string {
  let clean = text;
  for (const secret of secrets) clean = withoutOne(clean, secret);
  return clean.replace(KEY_SHAPES, MASK);
}

/** Formats of well-known keys, for keys that this request did not send. Linear: no nested quantifiers. */
const KEY_SHAPES = /\b(?:sk-[A-Za-z0-9_-]{12,}|AIza[A-Za-z0-9_-]{20,}|gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,})/g;

/** Long strings without spaces; generated ones have upper-case letters, lower-case letters and digits. */
const KEY_LIKE = /[^\s"'`,;]{20,}/g;

/** Removes API keys that were written in the wrong place from a message that quotes user input. */
export function withoutKeys(text: string): string {
  const clean = redact(text, []);
  return clean.replace(KEY_LIKE, (word) => (/[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word) ? MASK : word));
}

/** Minimum length of a part of a secret that is masked, and minimum length of a secret to look for. */
const PIECE = 8;
const MIN_LENGTH = 4;
/** A shorter part from the middle of a secret is masked only if it does not look like a word. */
const LONG_PIECE = 16;

function withoutOne(text: string, secret: Secret): string {
  const value = secret.reveal();
  if (value.length >= PIECE) return covered(text, partsIn(text, piecesOf(secret)), MASK);
  return value.length < MIN_LENGTH ? text : text.replaceAll(value, MASK);
}

/** Parts of a secret in all its encodings; true for parts at its start or end. */
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

/** Host names and some proxies change the case of what they repeat. */
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

/** The base64 of a value that starts at byte `at` of a three-byte group, without characters shared with other bytes. */
function inBase64(value: string, at: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(at), Buffer.from(value)]);
  const whole = bytes.toString("base64").replaceAll("=", "");
  const own = whole.slice(at === 0 ? 0 : at + 1, bytes.length % 3 === 0 ? undefined : -1);
  return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
}

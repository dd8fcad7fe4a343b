import { inspect } from "node:util";

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

/** Replaces every occurrence of the given secrets in a text that came from outside. */
export function redact(text: string, secrets: readonly Secret[]): string {
  let clean = text;
  for (const secret of secrets) {
    const value = secret.reveal();
    if (value.length >= 4) clean = clean.split(value).join("[secret]");
  }
  return clean.replace(KEY_SHAPES, "[secret]");
}

/** Shapes of well-known keys, for echoes of a key we did not send. Linear: no nested quantifiers. */
const KEY_SHAPES = /\b(?:sk-[A-Za-z0-9_-]{12,}|AIza[A-Za-z0-9_-]{20,}|gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,})/g;

import { sha256 } from "../../core/node-crypto.ts";
/** Hexadecimal SHA-256 of the parts and their boundaries. */
export function digest(...parts: readonly unknown[]): string {
  return sha256(JSON.stringify(parts));
}

/** A deterministic id in a provider's format. */
export function idOf(prefix: string, ...parts: readonly unknown[]): string {
  return prefix + digest(...parts).slice(0, 24);
}

/** Deterministic numbers in [0, 1) for a seed (mulberry32). */
export function randomOf(seed: string): () => number {
  let state = Number.parseInt(digest(seed).slice(0, 8), 16);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of the choices; `undefined` if there are none. */
export function pick<T>(choices: readonly T[], random: () => number): T | undefined {
  return choices[Math.floor(random() * choices.length)];
}

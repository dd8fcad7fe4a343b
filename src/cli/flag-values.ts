import { InvalidArgumentError } from "commander";

export function readNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

export function readCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It must be a non-negative integer.");
  return Number(text);
}

export function readPort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("It must be a port from 0 to 65535.");
  return Number(text);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** Returns milliseconds. */
export function readDuration(text: string): number {
  const [, amount, unit = "ms"] = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m)?$/.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError("It must be a duration such as 250ms or 2s.");
  return Number(amount) * (UNIT_MS[unit] ?? 1);
}

/** Reads a level or a number from 0 to 1. */
export function readEffort(text: string): string | number {
  return /^[\d.]+$/.test(text) ? readNumber(text) : text;
}

export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

import { asNumber, type Json } from "../dialects/served/json.ts";
import type { ValueContext } from "./value-context.ts";

interface Bounds {
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

/** A number inside the bounds of a schema: one the prompt names if it fits, else a small one. */
export function numberOf(rule: Json, whole: boolean, context: ValueContext): number {
  const bounds = boundsOf(rule, whole);
  const said = context.words.numbers.find((number) => fits(number, rule, whole));
  return said ?? grid(bounds, context.random);
}

function boundsOf(rule: Json, whole: boolean): Bounds {
  const step = asNumber(rule.multipleOf) ?? (whole ? 1 : 0);
  const nudge = step > 0 ? step : 0.5;
  const least = lowest(rule, nudge);
  const most = highest(rule, nudge);
  const low = least ?? (most === undefined ? 1 : Math.min(1, most));
  return { low, high: Math.max(low, Math.min(most ?? Number.POSITIVE_INFINITY, low + 99)), step };
}

/** Draft 4 and OpenAPI 3.0 say `exclusiveMinimum: true` beside the minimum. */
function lowest(rule: Json, nudge: number): number | undefined {
  const least = asNumber(rule.minimum);
  const above = asNumber(rule.exclusiveMinimum) ?? (rule.exclusiveMinimum === true ? least : undefined);
  if (above === undefined) return least;
  return Math.max(above + exclusiveNudge(rule, nudge), least ?? Number.NEGATIVE_INFINITY);
}

function highest(rule: Json, nudge: number): number | undefined {
  const most = asNumber(rule.maximum);
  const below = asNumber(rule.exclusiveMaximum) ?? (rule.exclusiveMaximum === true ? most : undefined);
  if (below === undefined) return most;
  return Math.min(below - exclusiveNudge(rule, nudge), most ?? Number.POSITIVE_INFINITY);
}

/** Between two exclusive bounds the step inwards must not jump over the other. */
function exclusiveNudge(rule: Json, nudge: number): number {
  const low = asNumber(rule.exclusiveMinimum) ?? asNumber(rule.minimum);
  const high = asNumber(rule.exclusiveMaximum) ?? asNumber(rule.maximum);
  if (low === undefined || high === undefined || nudge >= 1) return nudge;
  return Math.min(nudge, (high - low) / 4);
}

function grid({ low, high, step }: Bounds, random: () => number): number {
  if (step === 0) {
    const value = low + random() * (high - low);
    const rounded = Math.round(value * 100) / 100;
    return rounded >= low && rounded <= high ? rounded : value;
  }
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.max(first, Math.floor(high / step + 1e-9));
  return (first + Math.floor(random() * (last - first + 1))) * step;
}

function fits(number: number, rule: Json, whole: boolean): boolean {
  if (whole && !Number.isInteger(number)) return false;
  const { step } = boundsOf(rule, whole);
  const tiny = 1e-9;
  const least = lowest(rule, tiny);
  const most = highest(rule, tiny);
  if ((least !== undefined && number < least) || (most !== undefined && number > most)) return false;
  return step === 0 || Number.isInteger(number / step);
}

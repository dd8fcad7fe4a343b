import { asNumber, type Json } from "../dialects/served/json.ts";
import type { ValueContext } from "./value-context.ts";

interface Bounds {
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

/** A number within the bounds of a schema: one from the prompt if it fits, otherwise a small one. */
export function numberOf(rule: Json, whole: boolean, context: ValueContext): number {
  const said =
    context.variety > 0 ? undefined : context.words.numbers.find((number) => numberFits(number, rule, whole));
  return said ?? grid(boundsOf(variedRule(rule, context), whole, context.variety > 0 ? 9_999 : 99), context.random);
}

/** Without bounds, every other attempt may be negative. */
function variedRule(rule: Json, { variety }: ValueContext): Json {
  const isOpen = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"].every((bound) => !(bound in rule));
  return isOpen && variety % 2 === 1 ? { ...rule, minimum: -9_999 } : rule;
}

/** Bounds beyond this are only the limits of a type. */
const FAR = 1_000_000;

function boundsOf(rule: Json, whole: boolean, span: number): Bounds {
  const step = stepOf(rule, whole);
  const nudge = step > 0 ? step : 0.5;
  const least = lowest(rule, nudge);
  const most = highest(rule, nudge);
  const near = most === undefined ? 1 : Math.min(1, most);
  const low = least === undefined || (least < -FAR && near > least) ? near : least;
  const room = span * Math.max(1, step);
  const high = Math.max(low, Math.min(most ?? Number.POSITIVE_INFINITY, low + room));
  if (step === 0 || Math.ceil(low / step) * step <= high) return { low, high, step };
  return { low: Math.max(least ?? low - room, low - room), high, step };
}

function stepOf(rule: Json, whole: boolean): number {
  const step = Math.abs(asNumber(rule.multipleOf) ?? 0);
  if (!whole || Number.isInteger(step)) return step === 0 && whole ? 1 : step;
  const scale = 10 ** decimalsOf(step);
  return commonMultiple(Math.round(step * scale), scale) / scale;
}

/** The least common multiple. */
export function commonMultiple(left: number, right: number): number {
  return (left / commonDivisor(left, right)) * right;
}

function commonDivisor(left: number, right: number): number {
  return right === 0 ? left : commonDivisor(right, left % right);
}

export function decimalsOf(number: number): number {
  const [, decimals = "", exponent = "0"] = /(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(number)) ?? [];
  return Math.min(20, Math.max(0, decimals.length - Number(exponent)));
}

/** Draft 4 and OpenAPI 3.0 have `exclusiveMinimum: true` next to the minimum. */
function lowest(rule: Json, nudge: number): number | undefined {
  const least = asNumber(rule.minimum);
  const above = asNumber(rule.exclusiveMinimum) ?? (rule.exclusiveMinimum === true ? least : undefined);
  if (above === undefined) return least;
  return Math.max(moved(above, exclusiveNudge(rule, nudge)), least ?? Number.NEGATIVE_INFINITY);
}

function highest(rule: Json, nudge: number): number | undefined {
  const most = asNumber(rule.maximum);
  const below = asNumber(rule.exclusiveMaximum) ?? (rule.exclusiveMaximum === true ? most : undefined);
  if (below === undefined) return most;
  return Math.min(moved(below, -exclusiveNudge(rule, nudge)), most ?? Number.POSITIVE_INFINITY);
}

/** Far from zero, rounding may lose a small step. */
function moved(bound: number, by: number): number {
  return bound + by === bound ? bound + Math.sign(by) * Math.abs(bound) * 2 ** -51 : bound + by;
}

/** The step inwards from an exclusive bound must not cross the other bound. */
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
  const value = (first + Math.floor(random() * (last - first + 1))) * step;
  return Number.isInteger(step) ? value : Number(value.toFixed(decimalsOf(step)));
}

/** Whether a number satisfies the bounds and the step of a schema. */
export function numberFits(number: number, rule: Json, whole: boolean): boolean {
  return (!whole || Number.isInteger(number)) && brokenNumberKeyword(number, rule) === undefined;
}

export function brokenNumberKeyword(number: number, rule: Json): string | undefined {
  const bound = (keyword: string) => asNumber(rule[keyword]);
  const [least, most] = [bound("minimum"), bound("maximum")];
  if (least !== undefined && (number < least || (rule.exclusiveMinimum === true && number === least))) return "minimum";
  if (most !== undefined && (number > most || (rule.exclusiveMaximum === true && number === most))) return "maximum";
  if (number <= (bound("exclusiveMinimum") ?? Number.NEGATIVE_INFINITY)) return "exclusiveMinimum";
  if (number >= (bound("exclusiveMaximum") ?? Number.POSITIVE_INFINITY)) return "exclusiveMaximum";
  const step = bound("multipleOf");
  return step === undefined || step === 0 || isMultiple(number, step) ? undefined : "multipleOf";
}

function isMultiple(number: number, step: number): boolean {
  if (Number.isInteger(number) && Number.isInteger(step)) return number % step === 0;
  const times = number / step;
  return Math.abs(times - Math.round(times)) < 1e-9 * Math.max(1, Math.abs(times) * 1e-3);
}

import { withoutEnd } from "../core/without-end.ts";
import type { Adjustment, Price, Reply } from "../index.ts";
import { printableLine } from "./printable.ts";

/** 200000 -> "200k", 1048576 -> "1.05M". */
export function shortCount(count: number): string {
  if (count < 1_000) return String(count);
  if (count < 1_000_000) return `${trimZeros((count / 1_000).toFixed(count < 10_000 ? 1 : 0))}k`;
  return `${trimZeros((count / 1_000_000).toFixed(2))}M`;
}

/** Formats USD: two decimals for large amounts, the first significant digits for small ones. */
export function dollars(usd: number | null | undefined): string {
  if (usd === null || usd === undefined) return "price unknown";
  if (usd === 0) return "$0";
  if (usd >= 1) return `$${usd.toFixed(2)}`;
  return `$${trimZeros(usd.toFixed(Math.min(9, 2 - Math.floor(Math.log10(usd)))))}`;
}

/** The cost of calls; for simulated ones, what they would have cost. */
export function spent(usd: number | null, simulated: boolean, estimated = false): string {
  const amount = `${estimated && usd !== null ? "~" : ""}${dollars(usd)}`;
  if (!simulated) return amount;
  return usd === null ? "simulated" : `simulated, would cost ${amount}`;
}

export function perMillion(price: Partial<Price> | undefined): string {
  if (price?.input === undefined || price.output === undefined) return "?";
  return `${rate(price.input)} / ${rate(price.output)}`;
}

function rate(usd: number): string {
  return `$${usd < 0.1 ? trimZeros(usd.toFixed(4)) : usd.toFixed(2)}`;
}

/** 812 -> "812 ms", 2500 -> "2.5 s", 600000 -> "10 min". */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 120_000) return `${trimZeros((milliseconds / 1_000).toFixed(1))} s`;
  if (milliseconds < 7_200_000) return `${trimZeros((milliseconds / 60_000).toFixed(1))} min`;
  return `${trimZeros((milliseconds / 3_600_000).toFixed(1))} h`;
}

/** 5400000 -> "1 h 30 min", 200000000 -> "2 days". */
export function timeLeft(milliseconds: number): string {
  const minutes = Math.max(1, Math.ceil(milliseconds / 60_000));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
  return plural(Math.floor(minutes / (24 * 60)), "day");
}

/** 812 -> "812 B", 1189973 -> "1.2 MB". */
export function fileSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`;
  return `${trimZeros((bytes / 1_000_000).toFixed(1))} MB`;
}

const DAY_MS = 86_400_000;

/** The age of a timestamp in days. */
export function since(moment: string, nowMs = Date.now()): string {
  const days = Math.floor((nowMs - Date.parse(moment)) / DAY_MS);
  return days < 1 ? "today" : `${plural(days, "day")} ago`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function trimZeros(number: string): string {
  return number.includes(".") ? withoutEnd(withoutEnd(number, "0"), ".") : number;
}

/** One line with the tokens, cost and latency of an answer. */
export function footer({ model, usage, cost, latencyMs, attempts, finishReason }: Reply): string {
  const about = usage.estimated ? "~" : "";
  const parts = [
    printableLine(model),
    `${about}${usage.input + usage.cacheRead + usage.cacheWrite} in, ${about}${usage.output} out`,
    spent(cost.usd, isSimulated(attempts.map(({ provider }) => provider)), cost.estimated),
    duration(latencyMs),
  ];
  if (attempts.length > 1) parts.push(plural(attempts.length, "attempt"));
  if (finishReason !== "stop") parts.push(finishReason);
  return parts.join(" · ");
}

/** Whether all calls were simulated. */
export function isSimulated(providers: readonly string[]): boolean {
  return providers.length > 0 && providers.every((provider) => provider === "simulator");
}

export function adjustmentLine({ setting, from, to, reason }: Adjustment): string {
  const set = from === undefined ? `set to ${brief(to)}` : `${brief(from)} became ${brief(to)}`;
  const change = to === undefined ? `${brief(from)} left out` : set;
  return printableLine(`${setting}: ${change}: ${reason}`);
}

const LONGEST_VALUE = 48;

/** A short form of a value that is still recognizable. */
export function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}

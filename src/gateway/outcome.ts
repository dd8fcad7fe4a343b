import type { Adjustment } from "../core/attempt.ts";
import type { Reply } from "../core/reply.ts";
import type { Json } from "../dialects/served/json.ts";
import type { CallProgress } from "../model/reading.ts";

/** What is known of a call when its headers are written. */
export interface KnownCall {
  readonly progress: CallProgress | undefined;
  /** Requests that have not ended. */
  readonly running?: number;
  /** Null if a price is unknown; absent while the answer is streamed. */
  readonly costUsd?: number | null | undefined;
  readonly entry: string | undefined;
  readonly provider: string | undefined;
  readonly adjustments: readonly Adjustment[];
}

export function callHeaders(known: KnownCall): Readonly<Record<string, string>> {
  const { progress, running = 0, costUsd, entry, provider, adjustments } = known;
  const cached = progress?.cached?.outcome;
  return present({
    "x-modelwright-call": progress?.callId,
    "x-modelwright-model": entry,
    "x-modelwright-provider": provider,
    "x-modelwright-attempts": progress && progress.attempts.length + running,
    "x-modelwright-cost-usd": costUsd ?? (cached === undefined ? undefined : 0),
    "x-modelwright-cache": cached,
    "x-modelwright-adjustments": adjustments.length === 0 ? undefined : adjustmentsText(adjustments),
  });
}

type Values = Readonly<Record<string, string | number | undefined>>;

function present(values: Values): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const name of Object.keys(values)) {
    const value = values[name];
    if (value !== undefined && value !== "") headers[name] = ascii(String(value));
  }
  return headers;
}

/** Proxies refuse large headers. */
const MAX_HEADER_CHARS = 2_048;

/** `setting: reason` of each adjustment, as many as have room, and the number of the others. */
function adjustmentsText(adjustments: readonly Adjustment[]): string {
  let text = "";
  for (const [index, { setting, reason }] of adjustments.entries()) {
    const next = `${index === 0 ? "" : "; "}${setting}: ${reason}`;
    const rest = `; ${adjustments.length - index} more`;
    if (text.length + next.length + rest.length > MAX_HEADER_CHARS) return text === "" ? rest.slice(2) : text + rest;
    text += next;
  }
  return text;
}

const NOT_ASCII = /[^\x20-\x7e]/;

function ascii(text: string): string {
  return NOT_ASCII.test(text) ? text.replaceAll(/[^\x20-\x7e]/g, "?") : text;
}

/** The outcome of a call, for the usage object of its response. */
export function outcomeJson({ cost, attempts }: Reply, adjustments: readonly Adjustment[]): Json {
  return {
    costUsd: cost.usd,
    attempts: attempts.map(({ model, provider, outcome, durationMs }) => ({ model, provider, outcome, durationMs })),
    adjustments: adjustments.map(shown),
  };
}

const MAX_VALUE_CHARS = 512;

/** Large values are left out: the client sent them. */
function shown({ setting, from, to, reason }: Adjustment): Json {
  const isSmall = (JSON.stringify(from) ?? "").length <= MAX_VALUE_CHARS;
  return { setting, ...(isSmall && from !== undefined && { from }), ...(to !== undefined && { to }), reason };
}

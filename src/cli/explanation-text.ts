import { isDurationKey } from "../config/options.ts";
import { columns } from "./columns.ts";
import { abilities, entryProblems } from "./entry-row.ts";
import type { ExplainedKey, Explanation } from "./explanation.ts";
import type { Printer } from "./print.ts";
import { printableLine } from "./printable.ts";
import { adjustmentLine, duration, perMillion, plural, shortCount } from "./wording.ts";

/** An explanation as text, by section. */
export function explanationText(explanation: Explanation, print: Printer): string[] {
  const { paint } = print;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["values", values(explanation, print)],
    [requestTitle(explanation), request(explanation, print)],
    ["changes", changes(explanation)],
    ["when it fails", failures(explanation)],
    ["timeouts", clocks(explanation)],
    ...limits(explanation),
  ];
  return [
    ...heading(explanation, print),
    ...sections.flatMap(([title, lines]) => ["", paint.bold(title), ...lines.map((line) => `  ${line}`.trimEnd())]),
  ];
}

/** Absent if nothing limits the entry, as in most files. */
function limits({ budgets, rateLimits, cached }: Explanation): readonly (readonly [string, readonly string[]])[] {
  const lines = [
    ...(budgets.length === 0 ? [] : [`budgets: ${budgets.join(", ")}`]),
    ...(rateLimits.length === 0 ? [] : [`rate limits: ${rateLimits.join(", ")}`]),
    ...(cached ? ["equal calls are answered from the cache"] : []),
  ];
  return lines.length === 0 ? [] : [["limits and cache", lines]];
}

function heading(explanation: Explanation, print: Printer): string[] {
  const { paint } = print;
  const { name, provider, model, wire, baseUrl, context, maxOutput, price, capabilities, key } = explanation;
  const limits = [
    ...(context === null ? [] : [`${shortCount(context)} tokens of context`]),
    ...(maxOutput === null ? [] : [`answers up to ${shortCount(maxOutput)}`]),
    price === null ? "price unknown" : `${perMillion(price)} per million`,
  ];
  const rows = [
    ["wire", printableLine(`${wire} · ${baseUrl}`)],
    ["limits", limits.join(" · ")],
    ["can", abilities(capabilities) || "unknown"],
    ["key", keyWords(key)],
  ];
  const lines = columns(
    undefined,
    rows.map(([label = "", text = ""]) => [paint.dim(label), text]),
    print,
  );
  return [
    `${paint.bold(printableLine(name))} ${paint.dim("→")} ${printableLine(`${provider} · ${model}`)}`,
    ...lines,
    ...entryProblems([explanation], print).slice(1),
  ];
}

function keyWords({ source, variables }: ExplainedKey): string {
  const list = variables.map(({ name, set }) => `${name} (${set ? "set" : "not set"})`);
  if (source === "none needed") return "none needed";
  if (source === "missing") return `missing: ${list.join(" or ")}`;
  if (source === "environment") return `${list.join()}, the provider's usual variable`;
  return list.length === 0 ? "set in the file" : list.join(", then ");
}

const LONGEST_VALUE = 60;
const KEY_VALUE_AND_PLACE = [0, 1, 2];

function values({ values }: Explanation, print: Printer): string[] {
  const { paint } = print;
  const rows = values.map(({ key, value, from, file, line, column }) => [
    printableLine(key),
    valueWords(key, value),
    paint.dim(file === null ? "" : line === 0 ? "environment" : `${print.path(file)}:${line}:${column}`),
    paint.dim(from === null ? "" : printableLine(line === 0 ? from : `[${from}]`)),
  ]);
  return columns(undefined, rows, print, KEY_VALUE_AND_PLACE).map((line) => line.slice(2));
}

function valueWords(key: string, value: unknown): string {
  const text = printableLine(tomlWords(key, value));
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}

/** A value similar to its spelling in models.toml; durations with their unit. */
function tomlWords(key: string, value: unknown): string {
  if (typeof value === "number" && isDurationKey(key)) return duration(value);
  if (Array.isArray(value)) return `[${value.map((inner) => tomlWords("", inner)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, inner]) => `${name} = ${tomlWords(name, inner)}`)
    .join(", ")} }`;
}

const ABOUT_THE_SDK = "x-stainless-";

function request({ request, refusal, problems }: Explanation, { paint }: Printer): string[] {
  if (refusal !== null) return [`${paint.red("nothing is sent")}: ${refusal.code}: ${printableLine(refusal.message)}`];
  if (request === null)
    return [`${paint.red("nothing can be sent")}: ${problems.map(({ message }) => printableLine(message)).join("; ")}`];
  const shown = Object.entries(request.headers).filter(([name]) => !name.startsWith(ABOUT_THE_SDK));
  const about = Object.keys(request.headers).length - shown.length;
  const headers = shown.map(([name, value]) => `${paint.dim(`${name}:`)} ${printableLine(value)}`);
  if (about > 0) headers.push(paint.dim(`and ${plural(about, "header")} ${ABOUT_THE_SDK}* about the SDK`));
  const body = typeof request.body === "string" ? request.body : JSON.stringify(request.body, null, 2);
  return [
    `${paint.cyan(request.method)} ${printableLine(request.url)}`,
    ...headers,
    "",
    ...body.split("\n").map(printableLine),
  ];
}

function requestTitle({ name, prompt, servedBy }: Explanation): string {
  const by = servedBy === null || servedBy === name ? "" : `, which its fallback ${servedBy} serves`;
  return `request for ${JSON.stringify(prompt)}${by}`;
}

function changes({ adjustments, request }: Explanation): string[] {
  if (request === null) return ["none: nothing is sent"];
  if (adjustments === null) return ["unknown: the request could not be completed"];
  return adjustments.length === 0 ? ["none: sent unchanged"] : adjustments.map(adjustmentLine);
}

function failures({ retries, fallbacks, breaker, maxParallel }: Explanation): string[] {
  const { numRetries, minWait, maxWait, multiplier, jitter, maxRetryAfter, on } = retries;
  const waits = `waiting ${duration(minWait)}, then ${multiplier} times longer up to ${duration(maxWait)}${jitter === "none" ? "" : ` (${jitter} jitter)`}`;
  const lines =
    numRetries === 0
      ? ["no retries"]
      : [
          `up to ${numRetries === 1 ? "1 retry" : `${numRetries} retries`}, ${waits}`,
          `waits for Retry-After up to ${duration(maxRetryAfter)}`,
        ];
  if (on !== null) lines.push(`retried: ${Array.isArray(on) ? on.join(", ") : JSON.stringify(on)}`);
  lines.push(...fallbackLines(fallbacks));
  if (breaker !== null) {
    const within = breaker.window === null ? "in a row" : `within ${duration(breaker.window)}`;
    lines.push(
      `after ${plural(breaker.threshold, "failure")} ${within} the circuit opens for ${duration(breaker.halfOpenAfter)}`,
    );
  }
  if (maxParallel !== null) lines.push(`at most ${plural(maxParallel, "call")} at a time`);
  return lines;
}

function fallbackLines({ general, context, policy, rateLimit }: Explanation["fallbacks"]): string[] {
  const lines = [
    general.length === 0 ? "then the call fails: no fallback_models" : printableLine(`then ${general.join(", then ")}`),
  ];
  if (context.length > 0) lines.push(`when the prompt is too long: ${context.join(", then ")}`);
  if (policy.length > 0) lines.push(`when it is filtered or refused: ${policy.join(", then ")}`);
  if (rateLimit.length > 0) lines.push(`when rate limited: ${rateLimit.join(", then ")}`);
  return lines;
}

const CLOCKS: readonly (readonly [keyof Explanation["clocks"], string])[] = [
  ["connect", "to connect"],
  ["firstToken", "to the first token"],
  ["silence", "without a byte"],
  ["idle", "without model data"],
  ["attempt", "for one attempt"],
  ["deadline", "for the whole call"],
];

function clocks({ clocks }: Explanation): string[] {
  const shown = CLOCKS.map(
    ([name, words]) => [clocks[name] === null ? "no limit" : duration(clocks[name]), words] as const,
  );
  const width = Math.max(...shown.map(([limit]) => limit.length));
  return shown.map(([limit, words]) => `${limit.padEnd(width)}  ${words}`);
}

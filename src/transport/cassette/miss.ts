import { ModelError } from "../../core/error.ts";
import type { CassetteEntry } from "./cassette-file.ts";
import type { Comparable } from "./matching.ts";

/** A recorded request in the form in which requests are compared. */
export interface Candidate {
  readonly entry: CassetteEntry;
  readonly request: Comparable;
}

interface Difference {
  readonly path: string;
  readonly recorded: unknown;
  readonly requested: unknown;
}

const MAX_SHOWN = 5;
const MAX_VALUE_CHARS = 60;

/**
 * The error of a request without a recorded exchange. An `invalid_request` is neither retried nor sent to a fallback, which
 * would hide that the program has changed.
 */
export function missError(request: Comparable, candidates: readonly Candidate[], file: string): ModelError {
  const name = `${request.method} ${request.url}`;
  const start = `no recorded exchange for ${name} in ${file}`;
  return new ModelError({ code: "invalid_request", message: `${start}${comparison(request, candidates)}` });
}

/** The error of a request that was sent more often than it was recorded. */
export function exhaustedError(request: Comparable, times: number, file: string): ModelError {
  const name = `${request.method} ${request.url}`;
  const recorded = times === 1 ? "1 exchange is recorded, and it was" : `${times} exchanges are recorded, and all were`;
  const message = `no recorded exchange is left for ${name} in ${file}: ${recorded} replayed; record it again`;
  return new ModelError({ code: "invalid_request", message });
}

function comparison(request: Comparable, candidates: readonly Candidate[]): string {
  const ranked = candidates
    .map(({ entry, request: other }) => ({ entry, other, all: differences(other, request) }))
    .sort(
      (left, right) => rankOf(left.other, request) - rankOf(right.other, request) || left.all.length - right.all.length,
    );
  const [nearest] = ranked;
  if (nearest === undefined) return "; the recording has no exchanges: delete it, or record it again";
  const { entry, other, all } = nearest;
  const lines = all.slice(0, MAX_SHOWN).map(described);
  const more = all.length > MAX_SHOWN ? [`  and ${all.length - MAX_SHOWN} more`] : [];
  return [`; the nearest is ${other.method} ${other.url} in line ${entry.line}:`, ...lines, ...more].join("\n");
}

/** A request to the same URL is nearer than any other. */
function rankOf(other: Comparable, request: Comparable): number {
  return (other.url === request.url ? 0 : 2) + (other.method === request.method ? 0 : 1);
}

function differences(recorded: Comparable, requested: Comparable): Difference[] {
  const found: Difference[] = [];
  compare(recorded.method, requested.method, "method", found);
  compare(recorded.url, requested.url, "url", found);
  compare(recorded.body, requested.body, "body", found);
  return found;
}

function compare(recorded: unknown, requested: unknown, path: string, found: Difference[]): void {
  if (!isObject(recorded) || !isObject(requested) || Array.isArray(recorded) !== Array.isArray(requested)) {
    if (recorded !== requested) found.push({ path, recorded, requested });
    return;
  }
  const isList = Array.isArray(recorded);
  for (const key of new Set([...Object.keys(recorded), ...Object.keys(requested)]))
    compare(valueAt(recorded, key), valueAt(requested, key), isList ? `${path}[${key}]` : `${path}.${key}`, found);
}

function valueAt(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function described({ path, recorded, requested }: Difference): string {
  const [before, after] = [shown(recorded), shown(requested)];
  const from = Math.max(0, commonStart(before, after) - MAX_VALUE_CHARS / 3);
  return `  ${path}: recorded ${excerpt(before, from)}, requested ${excerpt(after, from)}`;
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

function excerpt(text: string, from: number): string {
  if (text.length <= MAX_VALUE_CHARS) return text;
  const end = from + MAX_VALUE_CHARS;
  return `${from > 0 ? "…" : ""}${text.slice(from, end)}${end < text.length ? "…" : ""}`;
}

function commonStart(left: string, right: string): number {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  return at;
}

import { sha256 } from "../../core/node-crypto.ts";
import type { RecordedRequest } from "./exchange-line.ts";

/** The parts of a request that a recorded one must have too. */
export interface Comparable {
  readonly method: string;
  readonly url: string;
  /** JSON with sorted keys and without what changes from run to run; a string if the body is not JSON. */
  readonly body: unknown;
}

/** Fields of a body, at its top and in `metadata`, that differ between equal requests. */
const VOLATILE_FIELDS = ["idempotency_key", "request_id", "client_request_id", "trace_id", "span_id", "timestamp"];

/** A date or point in time of ISO 8601 in a text, but not the date in a model's name. */
const DATE = /(?<![\w-])\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w-])/g;

/** `ignore`: more fields to leave out of the comparison. */
export function comparable(request: RecordedRequest, ignore: readonly string[] = []): Comparable {
  const { method, url, body, text, base64 } = request;
  const value = text === undefined ? (body ?? base64) : parsed(text);
  return { method, url, body: normalised(value, new Set([...VOLATILE_FIELDS, ...ignore]), 0) };
}

export function fingerprint({ method, url, body }: Comparable): string {
  return sha256(JSON.stringify([method, url, body ?? null]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function normalised(value: unknown, volatile: ReadonlySet<string>, depth: number): unknown {
  if (typeof value === "string") return value.replace(DATE, "<date>");
  if (Array.isArray(value)) return value.map((item) => normalised(item, NONE, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value)
    .filter(([key]) => !volatile.has(key))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, inner]) => [key, normalised(inner, depth === 0 && key === "metadata" ? volatile : NONE, depth + 1)]);
  return Object.fromEntries(fields);
}

const NONE: ReadonlySet<string> = new Set();

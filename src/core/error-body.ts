/** The contents of an error body, in any of the formats seen on the wire. */
export interface ErrorBody {
  readonly message: string;
  /** Every machine-readable value: code, type, status, reason, quota ids. */
  readonly words: readonly string[];
  /** A status inside the body, for errors with HTTP status 200. */
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** The model's output, if the provider could not parse it. */
  readonly failedText: string | undefined;
  /** Headers of an upstream response that the body repeats, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Fields with a delay, each a duration with its unit or a point in time. */
  readonly waits: readonly string[];
  /** Every message in the body, the outer ones first. */
  readonly texts: readonly string[];
}

const MESSAGE_KEYS = ["message", "msg", "detail", "error_description", "error", "errors", "title"] as const;
const WORD_KEYS = [
  "code",
  "type",
  "status",
  "reason",
  "quotaId",
  "innererror",
  "error_type",
  "native_finish_reason",
] as const;

export function readBody(body: unknown): ErrorBody {
  const seen: Reading = {
    ...{ message: "", status: undefined, requestId: undefined, failedText: undefined },
    ...{ words: [], headers: [], waits: [], texts: [] },
  };
  readNode(typeof body === "string" ? parseMaybe(body) : body, seen, 0);
  return seen;
}

interface Reading {
  message: string;
  status: number | undefined;
  requestId: string | undefined;
  failedText: string | undefined;
  readonly words: string[];
  readonly headers: (readonly [name: string, value: string])[];
  readonly waits: string[];
  readonly texts: string[];
}

/**
 * Fields with a retry delay. Google: https://cloud.google.com/apis/design/errors#retry_info. Numbers have their unit in the
 * name; otherwise they are seconds or points in time.
 */
const WAIT_FIELDS: Readonly<Record<string, "" | "ms">> = {
  retryDelay: "",
  retry_delay: "",
  retry_after: "",
  retryAfter: "",
  retry_after_seconds: "",
  retryAfterSeconds: "",
  retry_after_ms: "ms",
  retryAfterMs: "ms",
  resets_in_seconds: "",
  resets_at: "",
  reset_at: "",
  resetAt: "",
};
/** Maximum number of strings searched for a delay. */
const MAX_TEXTS = 20;

function parseMaybe(text: string): unknown {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") && !trimmed.startsWith("["))
    return trimmed.startsWith("<") ? htmlTitle(trimmed) : trimmed;
  try {
    return JSON.parse(trimmed);
  } catch {
    return trimmed;
  }
}

function htmlTitle(html: string): string {
  const start = html.toLowerCase().indexOf("<title>");
  const end = html.toLowerCase().indexOf("</title>", start);
  const title = start >= 0 && end > start ? html.slice(start + 7, end).trim() : "no title";
  return `an HTML page instead of an API response (${title})`;
}

const MAX_DEPTH = 6;
/** Longer strings add no information and take time to read. */
const MAX_TEXT_LENGTH = 64 * 1024;
const MAX_WORD_LENGTH = 256;

function readNode(node: unknown, seen: Reading, depth: number): void {
  if (depth > MAX_DEPTH || node === null || node === undefined) return;
  if (typeof node === "string") {
    readText(node, seen, depth);
  } else if (Array.isArray(node)) {
    for (const item of node.slice(0, 20)) readNode(item, seen, depth + 1);
  } else if (typeof node === "object") {
    readObject(node as Record<string, unknown>, seen, depth);
  }
}

function readText(text: string, seen: Reading, depth: number): void {
  const parsed = text.trimStart().startsWith("{") ? parseMaybe(text) : text;
  if (typeof parsed !== "string") readNode(parsed, seen, depth + 1);
  else noteText(text, seen);
}

function noteText(text: string, seen: Reading): void {
  if (seen.texts.length < MAX_TEXTS) seen.texts.push(text);
  if (seen.message === "") seen.message = text.slice(0, MAX_TEXT_LENGTH).trim();
}

function readObject(node: Record<string, unknown>, seen: Reading, depth: number): void {
  for (const key of WORD_KEYS) {
    const value = node[key];
    if (typeof value === "string") seen.words.push(value.slice(0, MAX_WORD_LENGTH));
    else if (typeof value === "number") seen.status ??= value;
    else if (typeof value === "object") readNode(value, seen, depth + 1);
  }
  const requestId = node["request_id"];
  if (typeof requestId === "string") seen.requestId ??= requestId;
  readWaits(node, seen);
  const failed = node["failed_generation"];
  if (failed !== undefined && failed !== null)
    seen.failedText ??= typeof failed === "string" ? failed : JSON.stringify(failed);
  for (const key of MESSAGE_KEYS) readNode(node[key], seen, depth + 1);
  for (const key of ["details", "violations", "metadata", "response", "raw"]) {
    const before = seen.message;
    readNode(node[key], seen, depth + 1);
    if (before !== "") seen.message = before;
  }
}

function readWaits(node: Record<string, unknown>, seen: Reading): void {
  for (const [field, unit] of Object.entries(WAIT_FIELDS)) {
    const text = waitText(node[field]);
    if (text !== undefined) seen.waits.push(/[^\d.]/.test(text) ? text : text + unit);
  }
  const { headers } = node;
  if (typeof headers !== "object" || headers === null) return;
  for (const [name, value] of Object.entries(headers).slice(0, MAX_HEADERS)) {
    const text = waitText(value);
    if (text !== undefined) seen.headers.push([name.toLowerCase(), text]);
  }
}

const MAX_HEADERS = 100;

/** A string, a number, or Google's duration object. */
function waitText(value: unknown): string | undefined {
  if (typeof value === "string") return value.slice(0, MAX_WORD_LENGTH);
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  const { seconds = 0, nanos = 0 } = value as { seconds?: unknown; nanos?: unknown };
  const total = Number(seconds) + Number(nanos) / 1e9;
  return "seconds" in value && total >= 0 && total < 1e9 ? `${total.toFixed(3)}s` : undefined;
}

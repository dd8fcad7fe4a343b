/** What can be read of an error body in any of the shapes seen on the wire. */
export interface ErrorBody {
  readonly message: string;
  /** Every machine-readable word: code, type, status, reason, quota ids. */
  readonly words: readonly string[];
  /** A status inside the body, for errors that come with 200. */
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryDelay: string | undefined;
}

const MESSAGE_KEYS = ["message", "msg", "detail", "error_description", "error", "errors", "title"] as const;
const WORD_KEYS = ["code", "type", "status", "reason", "quotaId", "innererror", "error_type"] as const;

export function readBody(body: unknown): ErrorBody {
  const words: string[] = [];
  const seen: Reading = { words, message: "", status: undefined, requestId: undefined, retryDelay: undefined };
  readNode(typeof body === "string" ? parseMaybe(body) : body, seen, 0);
  return seen;
}

interface Reading {
  readonly words: string[];
  message: string;
  status: number | undefined;
  requestId: string | undefined;
  retryDelay: string | undefined;
}

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
  return `an HTML page instead of an API answer (${title})`;
}

const MAX_DEPTH = 6;
/** More says nothing new, and its reader waits. */
const LONGEST_TEXT = 64 * 1024;
const LONGEST_WORD = 256;

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
  else if (seen.message === "") seen.message = text.slice(0, LONGEST_TEXT).trim();
}

function readObject(node: Record<string, unknown>, seen: Reading, depth: number): void {
  for (const key of WORD_KEYS) {
    const value = node[key];
    if (typeof value === "string") seen.words.push(value.slice(0, LONGEST_WORD));
    else if (typeof value === "number") seen.status ??= value;
    else if (typeof value === "object") readNode(value, seen, depth + 1);
  }
  const requestId = node["request_id"];
  if (typeof requestId === "string") seen.requestId ??= requestId;
  const retryDelay = node["retryDelay"];
  if (typeof retryDelay === "string") seen.retryDelay ??= retryDelay;
  for (const key of MESSAGE_KEYS) readNode(node[key], seen, depth + 1);
  for (const key of ["details", "violations", "metadata", "response", "raw"]) {
    const before = seen.message;
    readNode(node[key], seen, depth + 1);
    if (before !== "") seen.message = before;
  }
}

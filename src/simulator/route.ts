import type { IncomingHttpHeaders } from "node:http";
import type { WireName } from "../core/wire-name.ts";
import { withoutEnd } from "../core/without-end.ts";

/** The endpoint of a path. Only the path decides the wire format; any prefix is allowed. */
export interface Route {
  readonly wire: WireName;
  readonly action: "generate" | "count" | "embed" | "models" | "model" | "unknown";
  /** Model id from the path. */
  readonly model?: string | undefined;
  /** Whether the path requests a stream. */
  readonly streaming: boolean;
  /** A Google stream without `alt=sse` is one JSON array. */
  readonly asArray: boolean;
}

interface Row {
  readonly pattern: RegExp;
  readonly wire: WireName;
  readonly action: Route["action"];
}

const POST_ROWS: readonly Row[] = [
  { pattern: /\/deployments\/(?<model>[^/]+)\/chat\/completions$/, wire: "openai", action: "generate" },
  { pattern: /\/chat\/completions$/, wire: "openai", action: "generate" },
  { pattern: /\/deployments\/(?<model>[^/]+)\/embeddings$/, wire: "openai", action: "embed" },
  { pattern: /\/embeddings$/, wire: "openai", action: "embed" },
  { pattern: /\/responses$/, wire: "openai-responses", action: "generate" },
  { pattern: /\/responses\/input_tokens$/, wire: "openai-responses", action: "count" },
  { pattern: /\/messages$/, wire: "anthropic", action: "generate" },
  { pattern: /\/messages\/count_tokens$/, wire: "anthropic", action: "count" },
];

/** Google's paths end with the model and the action: `…/models/gemini-2.5-flash:generateContent`. */
const GOOGLE_MODEL = /\/(?:models|tunedModels|endpoints)\/(?<model>.+)$/s;
const GOOGLE_ACTIONS: ReadonlyMap<string, Route["action"]> = new Map([
  ["generateContent", "generate"],
  ["streamGenerateContent", "generate"],
  ["countTokens", "count"],
  ["embedContent", "embed"],
  ["batchEmbedContents", "embed"],
  ["predict", "embed"],
]);

const GET_ROWS: readonly { readonly pattern: RegExp; readonly action: Route["action"] }[] = [
  { pattern: /\/models$/, action: "models" },
  { pattern: /\/models\/(?<model>.+)$/s, action: "model" },
];

export function routeOf(method: string, url: URL, headers: IncomingHttpHeaders): Route {
  const path = withoutEnd(url.pathname, "/");
  const row = method === "GET" ? getRow(path, headers) : postRow(path);
  if (row === undefined || (method !== "GET" && method !== "POST")) {
    return { wire: likelyWire(path, headers), action: "unknown", streaming: false, asArray: false };
  }
  const model = row.pattern.exec(method === "POST" && row.wire === "google" ? beforeAction(path) : path)?.groups?.model;
  const streaming = path.endsWith(":streamGenerateContent");
  return {
    wire: row.wire,
    action: row.action,
    model: model === undefined ? undefined : decodeURIComponent(model),
    streaming,
    asArray: streaming && url.searchParams.get("alt") !== "sse",
  };
}

function beforeAction(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(":")));
}

function postRow(path: string): Row | undefined {
  const action = GOOGLE_ACTIONS.get(path.slice(path.lastIndexOf(":") + 1));
  if (action !== undefined && GOOGLE_MODEL.test(beforeAction(path)))
    return { pattern: GOOGLE_MODEL, wire: "google", action };
  return POST_ROWS.find(({ pattern }) => pattern.test(path));
}

function getRow(path: string, headers: IncomingHttpHeaders): Row | undefined {
  const row = GET_ROWS.find(({ pattern }) => pattern.test(path));
  return row === undefined ? undefined : { ...row, wire: likelyWire(path, headers) };
}

/** Model lists have the same path in three wire formats: version and headers distinguish them. */
function likelyWire(path: string, headers: IncomingHttpHeaders): WireName {
  if (/\/v1beta1?(\/|$)|publishers\/google/.test(path) || headers["x-goog-api-key"] !== undefined) return "google";
  return headers["anthropic-version"] === undefined ? "openai" : "anthropic";
}

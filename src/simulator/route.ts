import type { IncomingHttpHeaders } from "node:http";
import type { WireName } from "./request.ts";

/** What a path asks for; the wire is chosen by the path alone, whatever stands before it. */
export interface Route {
  readonly wire: WireName;
  readonly action: "generate" | "count" | "models" | "model" | "unknown";
  /** Model id from the path. */
  readonly model?: string | undefined;
  /** The path itself asks for a stream. */
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
  { pattern: /\/responses$/, wire: "openai-responses", action: "generate" },
  { pattern: /\/responses\/input_tokens$/, wire: "openai-responses", action: "count" },
  { pattern: /\/messages$/, wire: "anthropic", action: "generate" },
  { pattern: /\/messages\/count_tokens$/, wire: "anthropic", action: "count" },
  {
    pattern: /\/(?:models|tunedModels|endpoints)\/(?<model>[^:]+):(?:streamGenerateContent|generateContent)$/,
    wire: "google",
    action: "generate",
  },
  { pattern: /\/(?:models|tunedModels|endpoints)\/(?<model>[^:]+):countTokens$/, wire: "google", action: "count" },
];

const GET_ROWS: readonly { readonly pattern: RegExp; readonly action: Route["action"] }[] = [
  { pattern: /\/models$/, action: "models" },
  { pattern: /\/models\/(?<model>.+)$/, action: "model" },
];

export function routeOf(method: string, url: URL, headers: IncomingHttpHeaders): Route {
  const path = url.pathname.replace(/\/+$/, "");
  const row = method === "GET" ? getRow(path, headers) : POST_ROWS.find(({ pattern }) => pattern.test(path));
  if (row === undefined || (method !== "GET" && method !== "POST")) {
    return { wire: likelyWire(path, headers), action: "unknown", streaming: false, asArray: false };
  }
  const model = row.pattern.exec(path)?.groups?.model;
  const streaming = path.endsWith(":streamGenerateContent");
  return {
    wire: row.wire,
    action: row.action,
    model: model === undefined ? undefined : decodeURIComponent(model),
    streaming,
    asArray: streaming && url.searchParams.get("alt") !== "sse",
  };
}

function getRow(path: string, headers: IncomingHttpHeaders): Row | undefined {
  const row = GET_ROWS.find(({ pattern }) => pattern.test(path));
  return row === undefined ? undefined : { ...row, wire: likelyWire(path, headers) };
}

/** Lists of models have the same path on three wires: version and headers tell them apart. */
function likelyWire(path: string, headers: IncomingHttpHeaders): WireName {
  if (/\/v1beta1?(\/|$)|publishers\/google/.test(path) || headers["x-goog-api-key"] !== undefined) return "google";
  return headers["anthropic-version"] === undefined ? "openai" : "anthropic";
}

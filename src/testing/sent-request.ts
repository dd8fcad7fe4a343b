import type { WireInit } from "../index.ts";

/** A request as it left the SDK, credentials masked. */
export interface SentRequest {
  readonly method: string;
  /** The value of a `key` parameter is masked. */
  readonly url: string;
  /** Names in small letters; of a credential only its scheme is kept. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, or the text when it is none; `undefined` without a body. */
  readonly body: unknown;
}

const CREDENTIALS = new Set([
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "cookie",
]);
const MASK = "[masked]";

export function sentRequest(url: string | URL | Request, init: WireInit): SentRequest {
  return {
    method: (init.method ?? "GET").toUpperCase(),
    url: maskedUrl(url instanceof Request ? url.url : String(url)),
    headers: Object.fromEntries([...new Headers(init.headers)].map(([name, value]) => [name, masked(name, value)])),
    body: bodyOf(init.body),
  };
}

function masked(name: string, value: string): string {
  if (!CREDENTIALS.has(name)) return value;
  return `${/^(?:Bearer|Basic) /i.exec(value)?.[0] ?? ""}${MASK}`;
}

function maskedUrl(url: string): string {
  return url.replace(/([?&]key=)[^&#]*/, `$1${MASK}`).replace(/^([a-z]+:\/\/)[^/@\s]*@/i, `$1${MASK}@`);
}

function bodyOf(body: WireInit["body"]): unknown {
  if (body === undefined || body === null) return undefined;
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

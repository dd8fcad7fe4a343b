import { maskedAddress } from "../core/masked-address.ts";
import { maskedHeader } from "../core/masked-header.ts";
import type { WireInit } from "../index.ts";

/** A request of an SDK, with masked credentials. */
export interface SentRequest {
  readonly method: string;
  /** Without user and password; parameters with credentials are masked. */
  readonly url: string;
  /** Names in lower case; credentials are reduced to their scheme. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, or a string if it is not JSON; `undefined` without a body. */
  readonly body: unknown;
}

const MASK = "[masked]";

export function sentRequest(url: string | URL | Request, init: WireInit): SentRequest {
  return {
    method: (init.method ?? "GET").toUpperCase(),
    url: maskedAddress(url instanceof Request ? url.url : String(url), MASK),
    headers: Object.fromEntries(
      [...new Headers(init.headers)].map(([name, value]) => [name, maskedHeader(name, value, MASK)]),
    ),
    body: bodyOf(init.body),
  };
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

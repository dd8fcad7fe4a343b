import type { IncomingHttpHeaders } from "node:http";
import { maskedAddress } from "../core/masked-address.ts";
import { maskedHeader } from "../core/masked-header.ts";
import type { WireName } from "../core/wire-name.ts";

/** One received request. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query; parameters with credentials are masked. */
  readonly path: string;
  /** Names in lower case; credentials are masked. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, or a string if it is not JSON; `undefined` until it was read. */
  readonly body: unknown;
  /** Milliseconds after the simulator started. */
  readonly arrivedMs: number;
  readonly wire: WireName;
  /** From the body or the path. */
  readonly model: string | undefined;
  /** Status of the response; `undefined` while there is none. */
  readonly status: number | undefined;
  /** When the peer disconnected before the response was complete, milliseconds after the simulator started. */
  readonly closedByPeerMs?: number;
}

export type WritableRecord = { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] };

const MASK = "[masked]";

/** The headers; credentials are reduced to their scheme. */
export function maskedHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]) => {
    const text = Array.isArray(value) ? value.join(", ") : (value ?? "");
    return [name, maskedHeader(name, text, MASK)] as const;
  });
  return Object.fromEntries(entries);
}

export function maskedPath(url: URL): string {
  return maskedAddress(url.pathname + url.search, encodeURIComponent(MASK));
}

/** The API key of a request, from any header or parameter. */
export function credentialOf(headers: IncomingHttpHeaders, url: URL): string | undefined {
  const bearer = /^Bearer (.*)$/i.exec(headers.authorization ?? "")?.[1];
  const header = headers["x-api-key"] ?? headers["api-key"] ?? headers["x-goog-api-key"];
  return bearer ?? (Array.isArray(header) ? header[0] : header) ?? url.searchParams.get("key") ?? undefined;
}

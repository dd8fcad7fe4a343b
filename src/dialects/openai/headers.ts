import type { Call } from "../../core/call.ts";
import type { AuthHeader } from "../../core/target.ts";

/** A header to send, or `null` for one that the SDK would send by itself and must not. */
export type RequestHeaders = Record<string, string | null>;

const HEADER_OF: Readonly<Record<Exclude<AuthHeader, "none">, string>> = {
  bearer: "authorization",
  "x-api-key": "x-api-key",
  "api-key": "api-key",
  "x-goog-api-key": "x-goog-api-key",
};

/** Credential, then headers of the entry, then headers of the call: the later one wins. */
export function requestHeaders(call: Call): RequestHeaders {
  const { target, credential, request } = call;
  const headers: RequestHeaders = { authorization: null, "api-key": null };
  if (credential !== undefined && target.auth !== "none") {
    const key = credential.reveal();
    headers[HEADER_OF[target.auth]] = target.auth === "bearer" ? `Bearer ${key}` : key;
  }
  for (const own of [target.headers, request.extraHeaders]) {
    for (const [name, value] of Object.entries(own)) headers[name.toLowerCase()] = value;
  }
  return headers;
}

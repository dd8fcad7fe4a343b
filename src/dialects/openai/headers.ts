import type { Call } from "../../core/call.ts";
import type { AuthHeader, Target } from "../../core/target.ts";
import { targetError } from "../exchange.ts";

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
  for (const [name, value] of Object.entries(headers)) requireSendable(name, value, target);
  return headers;
}

const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Checked here because the error of the Headers class quotes the value, and the value may be a key. */
function requireSendable(name: string, value: string | null, target: Target): void {
  if (value === null || SENDABLE.test(value)) return;
  throw targetError(
    target,
    "invalid_request",
    `the header ${name} has a line break or another character that cannot be sent`,
  );
}

import { ModelError } from "../core/error.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import { own } from "../core/own.ts";

/** The peer closed or reset the connection in the middle of a body. The reader decides what that means. */
export class BodyCut {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

export function cutError(code: ModelErrorCode, place: string, cut: BodyCut): ModelError {
  return new ModelError({ code, message: `The response from ${place} was truncated.`, cause: cut.cause });
}

/** `proxy.example:3128`: a proxy without its credentials. */
export function proxyHost(proxy: string): string {
  return URL.canParse(proxy) ? new URL(proxy).host : "the proxy";
}

/** The error of a request without a response. `origin` is the origin of the request. */
export function connectionError(raw: unknown, origin: string, proxy: string | undefined, reused = false): ModelError {
  const cause = unwrapAggregate(raw);
  const code = codeOf(cause);
  if (code === "UND_ERR_INVALID_ARG" && !isProxyAuthentication(cause)) return invalidRequest(cause);
  if (code === "UND_ERR_DESTROYED" || code === "UND_ERR_CLOSED") return closedError(undefined, raw);
  if (code === "UND_ERR_CONNECT_TIMEOUT") return connectTimeout(origin, undefined, raw);
  if (proxy !== undefined) {
    const refusal = proxyRefusal(cause, origin, proxyHost(proxy));
    if (refusal !== undefined) return refusal;
  }
  const foreign = notHttpError(raw, origin);
  if (foreign !== undefined) return foreign;
  const via = proxy === undefined ? "" : ` through the proxy ${proxyHost(proxy)}`;
  return new ModelError({
    code: "connection_failed",
    message: `No connection to ${origin}${via}: ${reasonOf(cause, code, origin)}.`,
    reusedSocket: reused && CLOSED_CODES.has(code),
    shouldRetry: shouldRetryOf(code),
    cause: raw,
  });
}

/** undici detects oversized headers and duplicate lengths; its parser detects the rest. */
const NOT_HTTP_CODES: ReadonlySet<string> = new Set([
  "UND_ERR_HEADERS_OVERFLOW",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
]);

/** The peer answered, but not with HTTP: another service listens there, so a retry would not help. */
export function notHttpError(raw: unknown, origin: string): ModelError | undefined {
  const inner = (raw as { cause?: unknown } | undefined)?.cause;
  const cause = [raw, inner].find((error) => error instanceof Error && isNotHttp(error));
  if (cause === undefined) return undefined;
  const words = textOf(cause);
  return new ModelError({
    code: "protocol_error",
    message: `The response from ${origin} is not valid HTTP: ${words.charAt(0).toLowerCase()}${words.slice(1)}; check host and port of base_url.`,
    shouldRetry: false,
    cause: raw,
  });
}

function isNotHttp(error: Error): boolean {
  return error.name === "HTTPParserError" || NOT_HTTP_CODES.has(codeOf(error));
}

/**
 * The message avoids "timed out": @anthropic-ai/sdk 1.12 replaces every error that matches /timed? ?out/ with its own, without
 * a cause.
 */
export function connectTimeout(origin: string, limitMs: number | undefined, cause?: unknown): ModelError {
  const limit = limitMs === undefined ? "" : ` within ${limitMs} ms`;
  return new ModelError({ code: "timed_out", phase: "connect", message: `No connection to ${origin}${limit}.`, cause });
}

/** `owner` closes the transport. */
export function closedError(owner = "factory", cause?: unknown): ModelError {
  const message = `The ${owner} was closed while the call was running; close it when its calls have ended.`;
  return new ModelError({ code: "aborted", message, cause });
}

/** Nothing was sent; also if a bundle lacks undici. */
export function invalidRequest(cause: unknown): ModelError {
  return new ModelError({ code: "invalid_request", message: `The request cannot be sent: ${textOf(cause)}.`, cause });
}

const TUNNEL_STATUS = /^Proxy response \((\d+)\)/;

function isProxyAuthentication(cause: unknown): boolean {
  return textOf(cause).startsWith("Proxy Authentication Required");
}

function proxyRefusal(cause: unknown, origin: string, host: string): ModelError | undefined {
  const status = isProxyAuthentication(cause) ? 407 : Number(TUNNEL_STATUS.exec(textOf(cause))?.[1]);
  if (Number.isNaN(status)) return undefined;
  // A gateway status means that the proxy could not reach the target, which may be temporary; other statuses are the proxy's own.
  const code = status >= 502 && status <= 504 ? "connection_failed" : "proxy_refused";
  const why = status === 407 ? "wants credentials (407)" : `refused the connection to ${origin} (${status})`;
  return new ModelError({ code, message: `The proxy ${host} ${why}.`, cause });
}

/** Errors of a write to a connection that the server has just closed. */
const CLOSED_CODES = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

const REASONS: { readonly [code: string]: string } = {
  ECONNRESET: "the connection was reset before an answer",
  EPIPE: "the connection was closed while the request was written",
  ETIMEDOUT: "the host does not answer",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  UND_ERR_SOCKET: "the connection was closed before an answer",
};

function reasonOf(cause: unknown, code: string, origin: string): string {
  if (code === "ECONNREFUSED") return `nothing listens at ${addressOf(cause) ?? new URL(origin).host} (ECONNREFUSED)`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `cannot resolve host ${hostOf(cause, origin)} (${code})`;
  if (isCertificateCode(code)) return `its certificate was rejected: ${textOf(cause)} (${code})${trustHint(code)}`;
  if (isTlsCode(code)) return `the TLS handshake failed: ${handshakeWords(cause)} (${code}); is it an https URL?`;
  const text = own(REASONS, code) ?? textOf(cause);
  return code === "" ? text : `${text} (${code})`;
}

/** OpenSSL's message is a log line; `reason` has the readable part. */
function handshakeWords(cause: unknown): string {
  const { reason } = cause as { readonly reason?: unknown };
  return typeof reason === "string" ? reason : textOf(cause);
}

/**
 * A retry does not help for a certificate. An unknown host is retried once, because overloaded resolvers report it too.
 */
function shouldRetryOf(code: string): false | "once" | undefined {
  if (code === "ENOTFOUND") return "once";
  return isCertificateCode(code) ? false : undefined;
}

function isTlsCode(code: string): boolean {
  return isCertificateCode(code) || /ERR_TLS|ERR_SSL|^EPROTO$/.test(code);
}

function trustHint(code: string): string {
  return /SELF_SIGNED|UNABLE_TO_/.test(code) ? "; set tls.ca_file for a private authority" : "";
}

/** Reasons for an invalid certificate: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function isCertificateCode(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE/.test(code);
}

/** Node reports the failures of all addresses of a host as one AggregateError; the first one is used. */
function unwrapAggregate(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
}

function addressOf(error: unknown): string | undefined {
  const { address, port } = error as { address?: unknown; port?: unknown };
  return typeof address === "string" && typeof port === "number" ? `${bracketed(address)}:${port}` : undefined;
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function hostOf(error: unknown, origin: string): string {
  const { hostname } = error as { hostname?: unknown };
  return typeof hostname === "string" ? hostname : new URL(origin).hostname;
}

import type { GatewayConfig } from "../config/load.ts";
import type { ClientRequest } from "./client-request.ts";

/**
 * Web pages can send requests to servers on the same machine. The guard refuses them: a page under a name of its own that
 * resolves to loopback (DNS rebinding) by the host, other pages by their origin.
 */
export interface Guarded {
  /** Why the request is refused. */
  readonly refusal?: string;
  /** Headers that let a page of an allowed origin read the response. */
  readonly headers: Readonly<Record<string, string>>;
}

export function guard(request: ClientRequest, { allowedHosts, cors }: GatewayConfig): Guarded {
  const { url } = request;
  const { hostname } = url;
  if (!isLoopbackName(hostname) && !allowedHosts.some((host) => host.toLowerCase() === hostname))
    return { refusal: `the host ${hostname} is not allowed; add it to allowed_hosts in [gateway]`, headers: {} };
  const origin = request.header("origin");
  if (origin === null || isSame(origin, url)) return { headers: {} };
  if (!cors.includes("*") && !cors.includes(origin))
    return { refusal: `the origin ${origin} is not allowed; add it to cors in [gateway]`, headers: {} };
  return { headers: corsHeaders(request, origin) };
}

function corsHeaders(request: ClientRequest, origin: string): Readonly<Record<string, string>> {
  const shared = { "access-control-allow-origin": origin, vary: "origin" };
  if (!isPreflight(request)) return { ...shared, "access-control-expose-headers": "*" };
  return {
    ...shared,
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": request.header("access-control-request-headers") ?? "*",
    "access-control-max-age": "600",
  };
}

export function isPreflight(request: ClientRequest): boolean {
  return request.method === "OPTIONS" && request.header("access-control-request-method") !== null;
}

function isSame(origin: string, url: URL): boolean {
  return URL.canParse(origin) && new URL(origin).host === url.host;
}

/** Names that lead to this machine whatever a name server says. */
function isLoopbackName(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || isLoopback(hostname);
}

/** Whether an address reaches this machine only. */
export function isLoopback(address: string): boolean {
  return /^127(?:\.\d{1,3}){3}$/.test(address) || /^(?:\[::1\]|::1)$/.test(address) || address === "localhost";
}

import { addsVersion, isWireName } from "../core/wire-name.ts";
import { type EntrySources, findSource, ownPath, servedProvider, topValue } from "./layering.ts";
import type { Finding } from "./limits.ts";
import type { Facts, ProviderHint } from "./provider-checks.ts";
import { isReference } from "./references.ts";

export interface AddressProblem {
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** Paths that the SDKs append to the base URL. */
const ENDPOINT =
  /(\/(?:(?:chat\/)?completions|responses|messages(?:\/count_tokens)?|embeddings|models\/[^/?#]+:\w+))\/?(?:[?#].*)?$/;

/** An Anthropic or Gemini base URL that ends in a version; the SDK would append a second one. */
const VERSION = /\/v\d+(?:beta\d*|alpha\d*)?\/?$/;

/** The SDK builds this path from `name` and `api_version`. */
const AZURE_DEPLOYMENT = /\/openai\/deployments\/.*$/;

/** Why a valid URL cannot be the `base_url` of this wire; `undefined` if it can. */
export function addressProblem(
  value: string,
  wire: unknown,
  provider: string | undefined,
  providers: readonly ProviderHint[],
): AddressProblem | undefined {
  if (!isWireName(wire)) return undefined;
  const plain = plainHttp(value, providers);
  if (plain !== undefined) {
    const { message, id, secure } = plain;
    return { message, suggestion: addressProblem(secure, wire, id, providers)?.suggestion ?? shown(secure) };
  }
  const adds = addsVersion(wire);
  const [whole, endpoint] = ENDPOINT.exec(value) ?? [];
  if (whole !== undefined && endpoint !== undefined) return fullEndpoint(endpoint, value.slice(0, -whole.length), adds);
  const versioned = VERSION.test(value);
  if (adds) return versioned ? twiceVersioned(value, wire) : undefined;
  return versioned ? undefined : unfinishedPath(value, provider, providers);
}

function fullEndpoint(endpoint: string, rest: string, addsVersion: boolean): AddressProblem {
  const words = endpoint.startsWith("/models/") ? endpoint.slice(endpoint.indexOf(":")) : endpoint;
  const base = rest.replace(AZURE_DEPLOYMENT, "");
  return {
    message: `"base_url" must not end in "${words}": the path of the request is added to it`,
    suggestion: shown(addsVersion ? base.replace(VERSION, "") : base),
  };
}

function twiceVersioned(value: string, wire: string): AddressProblem {
  const version = VERSION.exec(value)?.[0].replaceAll("/", "");
  const other = wire === "google" ? "; api_version sets another" : "";
  return {
    message: `"base_url" must not end in "/${version}": the ${wire} wire adds its version${other}`,
    suggestion: shown(value.replace(VERSION, "")),
  };
}

/** A known host that needs https. Over http it redirects the request, or the key is sent unencrypted. */
function plainHttp(value: string, providers: readonly ProviderHint[]) {
  if (!PLAIN.test(value)) return undefined;
  const secure = `https${value.slice("http".length)}`;
  const origin = originIn(secure);
  const id = providers.find(({ baseUrl }) => baseUrl !== undefined && originIn(baseUrl) === origin)?.id;
  return id === undefined
    ? undefined
    : { id, secure, message: `"base_url" of the ${id} API must begin with "https://"` };
}

const PLAIN = /^http:\/\//i;

/** Host names are case-insensitive. */
function originIn(url: string): string {
  return (/^[^:]+:\/\/[^/?#]*/.exec(url)?.[0] ?? url).toLowerCase();
}

/** The host of a known provider without the path of its API. */
function unfinishedPath(
  value: string,
  provider: string | undefined,
  providers: readonly ProviderHint[],
): AddressProblem | undefined {
  const origin = originIn(value);
  const path = value.slice(origin.length).replace(/\/$/, "");
  const given = origin.replace("://localhost:", LOOPBACK) + path;
  for (let index = 0; index < providers.length; index++) {
    const { id, baseUrl } = providers[index] as ProviderHint;
    if (baseUrl === undefined || baseUrl[given.length] !== "/" || !baseUrl.startsWith(given)) continue;
    // Any server may listen on localhost; only the entry's provider says which one it is.
    if (id !== provider && baseUrl.includes(LOOPBACK)) continue;
    const message = `"base_url" lacks "${baseUrl.slice(given.length)}", the path of the ${id} API`;
    return { message, suggestion: baseUrl };
  }
  return undefined;
}

const LOOPBACK = "://127.0.0.1:";

/** The address for use in a message; `undefined` if it has a password or a query. */
function shown(value: string): string | undefined {
  return /[?#@]/.test(value) ? undefined : value;
}

/** Checks the address written in the file. A reference is checked when the entry is resolved. */
export function wrongAddress(
  sources: EntrySources,
  hint: ProviderHint | undefined,
  { providers }: Pick<Facts, "providers">,
): readonly Finding[] {
  const value = topValue(sources, "base_url");
  const wire = topValue(sources, "custom_llm_provider") ?? hint?.wire;
  // Most addresses are valid. With a thousand models, each further check costs measurable time.
  if (typeof value !== "string" || isReference(value)) return NOTHING;
  if (value.endsWith("/v1") && wire === "openai" && !PLAIN.test(value)) return NOTHING;
  const problem = addressProblem(value, wire, servedProvider(sources), providers);
  if (problem === undefined) return NOTHING;
  const found = findSource(sources, ["base_url"]);
  return [{ path: found?.path ?? ownPath(sources), at: "value", ...problem }];
}

const NOTHING: readonly Finding[] = [];

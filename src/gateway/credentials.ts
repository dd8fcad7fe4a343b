import { timingSafeEqual } from "node:crypto";
import type { GatewayKey } from "../config/load.ts";
import { nodeCrypto } from "../core/node-crypto.ts";
import { Rejection } from "../dialects/served/problem.ts";
import type { ClientRequest } from "./client-request.ts";

const HEADERS = ["x-api-key", "x-goog-api-key", "api-key"] as const;

/** The keys of a gateway. */
export class Keys {
  readonly #keys: readonly { readonly key: GatewayKey; readonly digest: Buffer }[];

  constructor(keys: readonly GatewayKey[]) {
    this.#keys = keys.map((key) => ({ key, digest: digestOf(key.key.reveal()) }));
  }

  /**
   * The key that a request has; `undefined` if the gateway has none, and needs none.
   * @throws Rejection for a request without a valid key.
   */
  keyOf(request: ClientRequest, nowMs: number): GatewayKey | undefined {
    if (this.#keys.length === 0) return undefined;
    const presented = presentedIn(request);
    if (presented.size === 0) throw refused("You did not provide an API key of this gateway.");
    if (presented.size > 1) throw refused("The request has several API keys that differ.");
    const key = this.#find([...presented][0] ?? "");
    if (key === undefined) throw refused("Incorrect API key provided.");
    if (nowMs >= key.expiresAtMs) throw refused(`The API key "${key.name}" has expired.`);
    return key;
  }

  /** Takes the same time whichever key it is, and for one that is not there. */
  #find(presented: string): GatewayKey | undefined {
    const digest = digestOf(presented);
    let found: GatewayKey | undefined;
    for (const one of this.#keys) if (timingSafeEqual(one.digest, digest)) found = one.key;
    return found;
  }
}

/** The different keys in a request. Each wire format has its own header for its key. */
function presentedIn(request: ClientRequest): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (key: string | null | undefined) => {
    if (key !== null && key !== undefined && key !== "") found.add(key);
  };
  add(/^bearer +(\S+)$/i.exec(request.header("authorization") ?? "")?.[1]);
  for (const name of HEADERS) add(request.header(name));
  if (request.url.search !== "") for (const key of request.url.searchParams.getAll("key")) add(key);
  return found;
}

function digestOf(key: string): Buffer {
  return nodeCrypto().hash("sha256", key, "buffer");
}

function refused(message: string): Rejection {
  return new Rejection({ kind: "auth", message });
}

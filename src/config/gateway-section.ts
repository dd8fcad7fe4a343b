import { deepFreeze } from "../core/deep-freeze.ts";
import { type GatewayKey, gatewayKeyOf, keyProblems, mergedAt, type WrittenKeys, writtenKeys } from "./gateway-keys.ts";
import type { Resolver } from "./resolver.ts";
import { gatewaySection } from "./schema-gateway.ts";
import { tableReader } from "./sections.ts";
import type { Table } from "./table.ts";
import type { View } from "./view.ts";

/** `[gateway]` with defaults. */
export interface GatewayConfig {
  readonly host: string;
  readonly port: number;
  /** Bytes. */
  readonly maxBody: number;
  readonly maxInFlight: number;
  /** Milliseconds. */
  readonly commitAfter: number;
  /** Milliseconds; 0: not at all. */
  readonly keepResponses: number;
  /** Milliseconds. */
  readonly drain: number;
  readonly allowedHosts: readonly string[];
  readonly cors: readonly string[];
  readonly accessLog: boolean;
  /** Without any, requests need no key. */
  readonly keys: readonly GatewayKey[];
}

const KEYS = ["gateway", "keys"];

const readGateway = tableReader(gatewaySection);

/** Problems with its references are reported to the resolver. */
export function gatewayOf(view: View, resolver: Resolver): GatewayConfig {
  const { keys: _keys, ...written } = mergedAt(view, ["gateway"]);
  const section = resolver.value(written, ["gateway"]) as Table;
  const keys = resolver.value(writtenKeys(view), KEYS) as WrittenKeys;
  for (const { name, problem } of keyProblems(keys)) resolver.report([...KEYS, name, "key"], problem);
  const named = Object.entries(keys).map(([name, table]) => gatewayKeyOf(name, table));
  return Object.freeze({ ...deepFreeze(readGateway(section)), keys: Object.freeze(named) }) as unknown as GatewayConfig;
}

import { deepFreeze } from "../core/deep-freeze.ts";
import { type GatewayKey, gatewayKeyOf } from "./gateway-keys.ts";
import { gatewaySection } from "./schema-gateway.ts";
import { tableReader } from "./sections.ts";
import type { Table } from "./table.ts";

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

const readGateway = tableReader(gatewaySection);

/** `keys`: the tables of each key, with resolved references. */
export function gatewayOf(section: Table, keys: Readonly<Record<string, Table>>): GatewayConfig {
  const named = Object.entries(keys).map(([name, table]) => gatewayKeyOf(name, table));
  return Object.freeze({ ...deepFreeze(readGateway(section)), keys: Object.freeze(named) }) as unknown as GatewayConfig;
}

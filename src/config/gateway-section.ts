import { deepFreeze } from "../core/deep-freeze.ts";
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
}

const readGateway = tableReader(gatewaySection);

let defaults: GatewayConfig | undefined;

export function gatewayOf(section: Table | undefined): GatewayConfig {
  if (section !== undefined) return deepFreeze(readGateway(section)) as unknown as GatewayConfig;
  defaults ??= gatewayOf({});
  return defaults;
}

/// <reference types="node" preserve="true" />
import "../core/require-node.ts";

export type { AccessRecord } from "./access-log.ts";
export { type Gateway, type GatewayOptions, gateway } from "./gateway.ts";

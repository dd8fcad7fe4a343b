/** The wire formats, as `custom_llm_provider` names them. */
export const WIRE_NAMES = ["openai", "openai-responses", "anthropic", "google"] as const;
export type WireName = (typeof WIRE_NAMES)[number];

export function isWireName(value: unknown): value is WireName {
  return (WIRE_NAMES as readonly unknown[]).includes(value);
}

/** Whether the wire's SDK puts the version of the API behind its base URL; on the others the base URL ends in `/v1`. */
export function addsVersion(wire: WireName): boolean {
  return wire === "anthropic" || wire === "google";
}

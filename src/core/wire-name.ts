/** The wire formats, as `custom_llm_provider` names them. */
export const WIRE_NAMES = ["openai", "openai-responses", "anthropic", "google"] as const;
export type WireName = (typeof WIRE_NAMES)[number];

export function isWireName(value: unknown): value is WireName {
  return (WIRE_NAMES as readonly unknown[]).includes(value);
}

/** Whether the SDK appends the API version to its base URL; otherwise the base URL ends in `/v1`. */
export function addsVersion(wire: WireName): boolean {
  return wire === "anthropic" || wire === "google";
}

import type { SettingName } from "./request.ts";
import type { Capability } from "./target.ts";

/** Which capabilities stand behind a setting: what is left out of a request, and what typed models refuse. */
export const SETTING_CAPABILITIES = {
  stop: ["stop"],
  tools: ["tools"],
  toolChoice: ["tools"],
  parallelToolCalls: ["tools", "parallelTools"],
  temperature: ["temperature"],
  reasoningEffort: ["reasoning"],
  promptCache: ["promptCache"],
  webSearch: ["webSearch"],
} as const satisfies Partial<Record<SettingName, readonly Capability[]>>;

export function capabilitiesOf(setting: SettingName): readonly Capability[] | undefined {
  return (SETTING_CAPABILITIES as Partial<Record<SettingName, readonly Capability[]>>)[setting];
}

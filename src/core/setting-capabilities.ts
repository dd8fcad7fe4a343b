import type { SettingName } from "./request.ts";
import type { Capability } from "./target.ts";

/** The capability that a setting needs; without it, the setting is omitted from requests and rejected by typed models. */
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

const EVERY_CAPABILITY: Readonly<Record<Capability, true>> = {
  ...{ reasoning: true, stop: true, tools: true, parallelTools: true, vision: true, files: true, audio: true },
  ...{ promptCache: true, jsonSchema: true, temperature: true, streaming: true, webSearch: true },
  embeddings: true,
};

export const CAPABILITIES = Object.keys(EVERY_CAPABILITY) as readonly Capability[];

export function capabilitiesOf(setting: SettingName): readonly Capability[] | undefined {
  return (SETTING_CAPABILITIES as Partial<Record<SettingName, readonly Capability[]>>)[setting];
}

import type { CallInput } from "./call.ts";
import type { Dialect } from "./dialect.ts";
import { mergedAdaptation, mergedSettings } from "./merged-settings.ts";
import { keyOf, type SettingName, type Settings } from "./request.ts";
import { capabilitiesOf } from "./setting-capabilities.ts";
import type { Capability, Target } from "./target.ts";

const HARMLESS_OFF: ReadonlySet<SettingName> = new Set<SettingName>(["promptCache", "logprobs", "webSearch"]);

/** A setting that is switched off can be omitted without an adjustment. */
export function isHarmless(name: SettingName, value: unknown): boolean {
  return (
    (HARMLESS_OFF.has(name) && value === false) || (name === "tools" && Array.isArray(value) && value.length === 0)
  );
}

/** Why a setting has no effect at this target; `undefined` if it has one, or if that is unknown. */
export function unsupportedReason(name: SettingName, target: Target, dialect: Dialect): string | undefined {
  if (name === "maxInputTokens") return undefined;
  if (dialect.settings?.has(name) === false) return `the ${dialect.name} wire has no such parameter`;
  if (target.quirks.lacks?.includes(name)) return `${target.provider} does not support it`;
  if (target.facts.lacks?.includes(name)) return `${target.modelId} does not support it`;
  const missing = capabilitiesOf(name)?.find((capability) => target.facts.capabilities[capability] === false);
  return missing && `${target.modelId} does not support ${keyOf(missing).replace("_", " ")}`;
}

/** Why a setting is not sent together with an effort. */
export function effortReason(
  name: SettingName,
  effort: Settings["reasoningEffort"],
  { facts, modelId }: Target,
): string | undefined {
  if (effort === undefined || effort === "none" || facts.lacksWithEffort?.includes(name) !== true) return undefined;
  return `${modelId} supports it only with reasoning_effort = "none"`;
}

interface Sampling {
  readonly input: Pick<CallInput, "settings">;
  readonly target: Target;
  readonly allow: readonly string[];
}

/**
 * Why a sampler is not sent, if the model takes temperature or top_p: a call takes precedence over its entry, otherwise the
 * temperature stays. An allowed top_p is sent next to it.
 */
export function samplerReason(
  name: SettingName,
  merged: Settings,
  { input, target, allow }: Sampling,
): string | undefined {
  if (target.facts.oneSampler !== true || merged.temperature === undefined || merged.topP === undefined)
    return undefined;
  if (allow.includes("top_p")) return undefined;
  const layers = [input.settings, target.settings, target.quirks.defaults];
  const layerOf = (sampler: SettingName) => layers.findIndex((layer) => layer?.[sampler] !== undefined);
  const dropped = layerOf("temperature") > layerOf("topP") ? "temperature" : "topP";
  return name === dropped ? `${target.modelId} supports temperature or top_p, not both` : undefined;
}

/** Settings that the target supports, by their models.toml names; null if the model is unknown. */
export function supportedParams(target: Target, dialect: Dialect): readonly string[] | null {
  if (!target.facts.known || dialect.settings === undefined) return null;
  return [...dialect.settings].filter((name) => unsupportedReason(name, target, dialect) === undefined).map(keyOf);
}

/** The capabilities that a model needs for these settings to have an effect. */
export function capabilitiesUsed(settings: Settings): readonly Capability[] {
  const names = (Object.keys(settings) as SettingName[]).filter((name) => !isHarmless(name, settings[name]));
  const used = names.flatMap((name) => capabilitiesOf(name) ?? []);
  return [...new Set([...used, ...(settings.responseFormat?.type === "json_schema" ? (["jsonSchema"] as const) : [])])];
}

/** The settings that are sent to a target: call settings over entry settings, without unsupported ones. */
export function settingsSent(input: Omit<CallInput, "messages">, target: Target, dialect: Dialect): Settings {
  const settings = mergedSettings(input, target);
  const { drop, allow } = mergedAdaptation(input, target);
  const names = () => Object.keys(settings) as SettingName[];
  for (const name of names()) if (drop.includes(keyOf(name))) delete settings[name];
  for (const name of names()) {
    const reason =
      unsupportedReason(name, target, dialect) ??
      effortReason(name, settings.reasoningEffort, target) ??
      samplerReason(name, settings, { input, target, allow });
    if (reason !== undefined && !allow.includes(keyOf(name))) delete settings[name];
  }
  return settings;
}

import type { CallInput } from "./call.ts";
import type { SettingName, Settings } from "./request.ts";
import type { Adaptation, Target } from "./target.ts";

export type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/** Call settings over entry settings over the defaults of the host. */
export function mergedSettings({ settings }: Pick<CallInput, "settings">, target: Target): Mutable<Settings> {
  const merged: Record<string, unknown> = {};
  for (const layer of [target.quirks.defaults, target.settings, settings]) {
    for (const name in layer) {
      const value = layer[name as SettingName];
      if (value !== undefined) merged[name] = value;
    }
  }
  return merged as Mutable<Settings>;
}

/** The changes that a call allows, over those that the entry allows. */
export function mergedAdaptation({ adaptation }: Pick<CallInput, "adaptation">, target: Target): Adaptation {
  return { ...target.adaptation, ...definedOf(adaptation) };
}

function definedOf<T extends object>(values: T | undefined): { [key in keyof T]: NonNullable<T[key]> } {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value !== undefined)) as {
    [key in keyof T]: NonNullable<T[key]>;
  };
}

import type { Message } from "./message.ts";
import { EFFORTS, type Effort, type PromptCache, type ResponseFormat } from "./option-values.ts";
import { SETTING_NAMES, type Settings } from "./options.generated.ts";

export type { Effort, PromptCache, ResponseFormat, Settings };
export { EFFORTS };
export type SettingName = keyof Settings;

export { SETTING_NAMES };

/** The settings among the keys of something larger. */
export function pickSettings(source: Readonly<Record<string, unknown>>): Settings {
  const settings: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) if (source[name] !== undefined) settings[name] = source[name];
  return settings as Settings;
}

/** The canonical request for one target: everything adapted, nothing left to decide but the wire's spelling. */
export interface ModelRequest {
  readonly messages: readonly Message[];
  readonly settings: Omit<Settings, "reasoningEffort"> & { readonly reasoningEffort?: Effort | undefined };
  /** Stop sequences that the target does not take: the answer is cut at them on this side. */
  readonly cutAt?: readonly string[] | undefined;
  /** Completions asked of this one API call. */
  readonly samples: number;
  /** Added to the body as they are, after everything else: `extra_body` and settings let through by `allow`. */
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly extraHeaders: Readonly<Record<string, string>>;
}

/** Asks for nothing: above the fallback layer, which makes a request for each target, there is no other yet. */
export const EMPTY_REQUEST: ModelRequest = { messages: [], settings: {}, samples: 1, extraBody: {}, extraHeaders: {} };

/** TOML spelling of a setting: `maxNewTokens` -> `max_new_tokens`. */
export function keyOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

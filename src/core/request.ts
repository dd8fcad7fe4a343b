import type { Additions } from "./additions.ts";
import type { EmbeddingInput } from "./embedding-input.ts";
import type { Message } from "./message.ts";
import { EFFORTS, type Effort, type PromptCache, type ResponseFormat } from "./option-values.ts";
import { SETTING_NAMES, type Settings } from "./options.generated.ts";

export type { Effort, PromptCache, ResponseFormat, Settings };
export { EFFORTS };
export type SettingName = keyof Settings;

export { SETTING_NAMES };

/** The settings among the properties of an object. */
export function pickSettings(source: Readonly<Record<string, unknown>>): Settings {
  const settings: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) if (source[name] !== undefined) settings[name] = source[name];
  return settings as Settings;
}

/** The canonical request for one target. Only the encoding for the wire format is left to do. */
export interface ModelRequest {
  readonly messages: readonly Message[];
  /** Present if the request asks for embeddings instead of an answer; `messages` is then empty. */
  readonly embedding?: EmbeddingInput | undefined;
  readonly settings: Omit<Settings, "reasoningEffort"> & { readonly reasoningEffort?: Effort | undefined };
  /** Stop sequences that the target does not support; the library ends the answer there. */
  readonly cutAt?: readonly string[] | undefined;
  /** Completions that this API call requests. */
  readonly samples: number;
  /** A tool call whose arguments are not a JSON object is delivered with its `problem`; otherwise it fails the answer. */
  readonly deliverInvalidCalls?: boolean | undefined;
  /** Whether the library wrote the last message, as in a re-ask; some providers bill requests of users differently. */
  readonly followsUp?: boolean | undefined;
  /** Added to the body unchanged, after everything else: `extra_body` and settings listed in `allow`. */
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly extraHeaders: Readonly<Record<string, string>>;
  /** What the client of a gateway sent of encoded fields and only this wire format has. */
  readonly additions?: Additions | undefined;
  /** The tokens that the effort stands for, if the client of a gateway gave them in this wire format. */
  readonly thinkingBudget?: number | undefined;
}

/** A placeholder above the fallback layer, which builds the request for each target. */
export const EMPTY_REQUEST: ModelRequest = { messages: [], settings: {}, samples: 1, extraBody: {}, extraHeaders: {} };

/** The TOML key of a setting: `maxNewTokens` -> `max_new_tokens`. */
export function keyOf(name: string): string {
  return KEYS.get(name) ?? snakeCase(name);
}

/** Every call asks for the spelling of its settings. */
const KEYS: ReadonlyMap<string, string> = new Map(SETTING_NAMES.map((name) => [name, snakeCase(name)]));

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

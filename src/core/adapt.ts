import type { Adjustment } from "./attempt.ts";
import { missingPrice } from "./billing.ts";
import type { CallInput } from "./call.ts";
import type { Dialect } from "./dialect.ts";
import type { ModelError } from "./error.ts";
import type { ModelErrorCode } from "./error-codes.ts";
import { estimateTokens, inputBytes, textLength } from "./estimate.ts";
import type { Message } from "./message.ts";
import { EFFORTS, type Effort, keyOf, type ModelRequest, type SettingName, type Settings } from "./request.ts";
import { capabilitiesOf } from "./setting-capabilities.ts";
import { nearest } from "./suggest.ts";
import type { Adaptation, Capability, Target } from "./target.ts";
import { misfitError } from "./target-error.ts";
import { isWellFormed, toWellFormed } from "./well-formed.ts";

export interface Adapted {
  readonly request: ModelRequest;
  readonly adjustments: readonly Adjustment[];
  /** The adjustments that the configuration did not ask for. */
  readonly forced: readonly Adjustment[];
}

/**
 * Builds the request for one target: call settings take precedence over entry settings, unsupported settings are dropped,
 * unsupported values are changed. Every change is an adjustment; if changes are not allowed, throws `unsupported` before
 * anything is sent.
 */
export function adapt(input: CallInput, target: Target, dialect: Dialect): Adapted {
  const { adaptation, list, forced, cutAt, settings, extraBody } = adaptedSettings(input, target, dialect);
  const changes = new Changes(target, adaptation);
  const messages = adaptMessages(withPrelude(input, target), changes);
  const mostBytes = input.maxInputBytes ?? target.policy.maxInputBytes;
  checkBytes(messages, mostBytes ?? MOST_BYTES, target);
  checkSize(messages, settings, target, mostBytes === undefined ? MOST_CHARS : Number.POSITIVE_INFINITY);
  const request: ModelRequest = {
    messages,
    settings,
    cutAt,
    samples: input.samples,
    extraBody,
    extraHeaders: input.extraHeaders,
  };
  if (target.policy.strictPricing) requirePrice(request, target);
  // Copies, because callers may change the adjustments of a reply.
  const shared = list.map((adjustment) => ({ ...adjustment }));
  if (changes.list.length === 0) return { request, adjustments: shared, forced };
  return { request, adjustments: [...shared, ...changes.list], forced: [...forced, ...changes.forced] };
}

/** The part of a request that does not depend on its messages. Calls share it, so it must not be changed. */
interface AdaptedSettings extends Pick<ModelRequest, "settings" | "extraBody" | "cutAt"> {
  readonly adaptation: Adaptation;
  readonly list: readonly Adjustment[];
  readonly forced: readonly Adjustment[];
}

interface LastAdapted {
  readonly input: Pick<CallInput, "settings" | "extraBody" | "adaptation">;
  readonly dialect: Dialect;
  readonly adapted: AdaptedSettings;
}

/** The latest result for each target: most calls have no options, so their settings are the same objects. */
const lastAdapted = new WeakMap<Target, LastAdapted>();

function adaptedSettings(input: CallInput, target: Target, dialect: Dialect): AdaptedSettings {
  const last = lastAdapted.get(target);
  if (last !== undefined && last.dialect === dialect && hasSameSettings(last.input, input)) return last.adapted;
  const adapted = adaptSettings(input, target, dialect);
  const { settings, extraBody, adaptation } = input;
  lastAdapted.set(target, { input: { settings, extraBody, ...(adaptation && { adaptation }) }, dialect, adapted });
  return adapted;
}

function hasSameSettings(one: LastAdapted["input"], other: LastAdapted["input"]): boolean {
  return one.settings === other.settings && one.extraBody === other.extraBody && one.adaptation === other.adaptation;
}

function adaptSettings(input: CallInput, target: Target, dialect: Dialect): AdaptedSettings {
  const adaptation = { ...target.adaptation, ...definedOf(input.adaptation) };
  const changes = new Changes(target, adaptation);
  for (const { key, value, reason } of target.unused) changes.dropped(key, value, reason);
  const settings = mergeSettings(target.quirks.defaults, target.settings, input.settings);
  const extraBody: Record<string, unknown> = { ...target.extraBody, ...input.extraBody };
  refuseUnknownTool(settings, extraBody, target);
  const { stop } = settings;
  dropUnsupported(settings, extraBody, { target, dialect, adaptation, changes });
  const cutAt =
    settings.stop === undefined && !("stop" in extraBody) && !adaptation.drop.includes("stop") ? stop : undefined;
  const { reasoningEffort, ...rest } = settings;
  const effort = forbidsEffort(reasoningEffort, rest, extraBody, { target, adaptation })
    ? noEffort(reasoningEffort, target, changes)
    : effortWord(reasoningEffort, target, changes);
  clampNumbers(rest, target, changes);
  return {
    adaptation,
    list: changes.list,
    forced: changes.forced,
    settings: { ...rest, ...(effort !== undefined && { reasoningEffort: effort }) },
    cutAt: cutAt?.length === 0 ? undefined : cutAt,
    extraBody,
  };
}

/** The names of hosted tools and of tools in `extra_body` are unknown here, so they are not checked. */
function refuseUnknownTool({ tools = [], toolChoice, webSearch }: Settings, extraBody: object, target: Target): void {
  if (typeof toolChoice !== "object" || tools.length === 0) return;
  const names = tools.map(({ name }) => name);
  if (names.includes(toolChoice.name) || webSearch !== undefined || "tools" in extraBody) return;
  const near = nearest(toolChoice.name, names);
  const hint = near === undefined ? `; known tools: ${names.slice(0, 10).join(", ")}` : ` (did you mean "${near}"?)`;
  throw failed(target, "invalid_request", `unknown tool "${toolChoice.name}" in toolChoice${hint}`);
}

function requirePrice(request: ModelRequest, target: Target): void {
  const missing = missingPrice(request, target.price(), () => estimateTokens(request.messages, request.settings.tools));
  if (missing === undefined) return;
  const help = target.price() === undefined ? ": add [models.NAME.pricing] or price_as" : "";
  throw failed(target, "unsupported", `${missing} is unknown and strict_pricing is on${help}; nothing was sent`);
}

/** The settings that are sent to a target: call settings over entry settings, without unsupported ones. */
export function settingsSent(input: Omit<CallInput, "messages">, target: Target, dialect: Dialect): Settings {
  const settings = mergeSettings(target.quirks.defaults, target.settings, input.settings);
  const { drop, allow } = { ...target.adaptation, ...definedOf(input.adaptation) };
  for (const name of Object.keys(settings) as SettingName[]) {
    const key = keyOf(name);
    const refused = unsupportedReason(name, target, dialect) !== undefined && !allow.includes(key);
    if (drop.includes(key) || refused) delete settings[name];
  }
  return settings;
}

/** Collects adjustments; throws for those that are not allowed. */
class Changes {
  readonly list: Adjustment[] = [];
  readonly forced: Adjustment[] = [];
  readonly #target: Target;
  readonly #allowed: Adaptation;

  constructor(target: Target, allowed: Adaptation) {
    this.#target = target;
    this.#allowed = allowed;
  }

  dropped(setting: string, from: unknown, reason: string): void {
    if (this.#allowed.strict || !this.#allowed.dropParams) throw this.unsupportedError(setting, reason, "drop_params");
    this.#force({ setting, from, to: undefined, reason });
  }

  modified(setting: string, from: unknown, to: unknown, reason: string): void {
    if (this.#allowed.strict || !this.#allowed.modifyParams)
      throw this.unsupportedError(setting, reason, "modify_params");
    this.#force({ setting, from, to, reason });
  }

  /** A change that the configuration asks for: reported, always allowed. */
  configured(setting: string, from: unknown, to: unknown, reason: string): void {
    this.list.push({ setting, from, to, reason });
  }

  #force(adjustment: Adjustment): void {
    this.forced.push(adjustment);
    this.list.push(adjustment);
  }

  unsupportedError(setting: string, reason: string, key: string): ModelError {
    const why = this.#allowed.strict ? "strict is on" : `${key} is off`;
    return failed(this.#target, "unsupported", `${setting}: ${reason}; ${why}, so nothing was sent`);
  }
}

function failed(target: Target, code: ModelErrorCode, message: string): ModelError {
  return misfitError(target, code, message);
}

/** The messages of a call after the `system` and `messages` of its entry. */
export function withPrelude(input: CallInput, target: Target): readonly Message[] {
  const system = input.system ?? target.system;
  const prelude = input.prelude ?? target.prelude;
  if (system === undefined && prelude.length === 0) return input.messages;
  return [
    ...(system === undefined ? [] : [{ role: "system", content: system } as const]),
    ...prelude,
    ...input.messages,
  ];
}

function definedOf<T extends object>(values: T | undefined): { [key in keyof T]: NonNullable<T[key]> } {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value !== undefined)) as {
    [key in keyof T]: NonNullable<T[key]>;
  };
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

function mergeSettings(...layers: readonly (Settings | undefined)[]): Mutable<Settings> {
  const merged: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const name in layer) {
      const value = layer[name as SettingName];
      if (value !== undefined) merged[name] = value;
    }
  }
  return merged as Mutable<Settings>;
}

/** The capabilities that a model needs for these settings to have an effect. */
export function capabilitiesUsed(settings: Settings): readonly Capability[] {
  const names = (Object.keys(settings) as SettingName[]).filter((name) => !isHarmless(name, settings[name]));
  const used = names.flatMap((name) => capabilitiesOf(name) ?? []);
  return [...new Set([...used, ...(settings.responseFormat?.type === "json_schema" ? (["jsonSchema"] as const) : [])])];
}

interface Adapting {
  readonly target: Target;
  readonly dialect: Dialect;
  readonly adaptation: Adaptation;
  readonly changes: Changes;
}

function dropUnsupported(
  settings: Mutable<Settings>,
  extraBody: Record<string, unknown>,
  { target, dialect, adaptation, changes }: Adapting,
): void {
  const { drop, allow } = adaptation;
  for (const name of Object.keys(settings) as SettingName[]) {
    const key = keyOf(name);
    const value = settings[name];
    if (drop.includes(key)) {
      delete settings[name];
      changes.configured(key, value, undefined, "listed under `drop`");
      continue;
    }
    const reason = unsupportedReason(name, target, dialect);
    if (reason === undefined || isHarmless(name, value)) continue;
    if (!allow.includes(key))
      changes.dropped(key, value, name === "stop" ? `${reason}; the library ends the answer there` : reason);
    else if (dialect.settings?.has(name) === false) extraBody[key] = value;
    else continue;
    delete settings[name];
  }
}

const HARMLESS_OFF: ReadonlySet<SettingName> = new Set<SettingName>(["promptCache", "logprobs", "webSearch"]);

/** A setting that is switched off can be omitted without an adjustment. */
function isHarmless(name: SettingName, value: unknown): boolean {
  return (
    (HARMLESS_OFF.has(name) && value === false) || (name === "tools" && Array.isArray(value) && value.length === 0)
  );
}

function unsupportedReason(name: SettingName, target: Target, dialect: Dialect): string | undefined {
  if (name === "maxInputTokens") return undefined;
  if (dialect.settings?.has(name) === false) return `the ${dialect.name} wire has no such parameter`;
  if (target.quirks.lacks?.includes(name)) return `${target.provider} does not support it`;
  if (target.facts.lacks?.includes(name)) return `${target.modelId} does not support it`;
  const missing = capabilitiesOf(name)?.find((capability) => target.facts.capabilities[capability] === false);
  return missing && `${target.modelId} does not support ${keyOf(missing).replace("_", " ")}`;
}

/** Settings that the target supports, by their models.toml names; null if the model is unknown. */
export function supportedParams(target: Target, dialect: Dialect): readonly string[] | null {
  if (!target.facts.known || dialect.settings === undefined) return null;
  return [...dialect.settings].filter((name) => unsupportedReason(name, target, dialect) === undefined).map(keyOf);
}

/** Some models support tools on chat completions only without reasoning. https://platform.openai.com/docs/guides/function-calling */
function forbidsEffort(
  effort: Effort | number | undefined,
  { tools = [] }: Settings,
  extraBody: Readonly<Record<string, unknown>>,
  { target, adaptation }: Pick<Adapting, "target" | "adaptation">,
): boolean {
  const { chatTools } = target.facts;
  if (target.dialect !== "openai" || chatTools === undefined || tools.length === 0) return false;
  if ("reasoning_effort" in extraBody || adaptation.drop.includes("reasoning_effort")) return false;
  return effort !== "none" && (effort !== undefined || chatTools === "effort-none");
}

function noEffort(effort: Effort | number | undefined, target: Target, changes: Changes): Effort {
  const reason = `${target.modelId} supports tools on chat completions only without reasoning; the openai-responses wire supports both`;
  changes.modified("reasoning_effort", effort, "none", reason);
  return "none";
}

function effortWord(effort: Effort | number | undefined, target: Target, changes: Changes): Effort | undefined {
  if (effort === undefined) return undefined;
  const word = typeof effort === "number" ? numberToEffort(effort) : effort;
  if (typeof effort === "number")
    changes.configured(
      "reasoning_effort",
      effort,
      word,
      "a number selects a level: up to .33 low, up to .66 medium, else high",
    );
  const { efforts } = target.facts;
  if (efforts === undefined || efforts.length === 0 || efforts.includes(word)) return word;
  const nearest = nearestEffort(word, efforts);
  changes.modified("reasoning_effort", word, nearest, `${target.modelId} supports ${efforts.join(", ")}`);
  return nearest;
}

function numberToEffort(effort: number): Effort {
  if (effort <= 0.33) return "low";
  return effort <= 0.66 ? "medium" : "high";
}

function nearestEffort(word: Effort, efforts: readonly Effort[]): Effort {
  const wanted = EFFORTS.indexOf(word);
  return (
    [...efforts].sort(
      (left, right) => Math.abs(EFFORTS.indexOf(left) - wanted) - Math.abs(EFFORTS.indexOf(right) - wanted),
    )[0] ?? word
  );
}

function clampNumbers(settings: Mutable<Settings>, target: Target, changes: Changes): void {
  const { maxOutput } = target.facts;
  const { maxNewTokens, temperature, stop } = settings;
  if (maxNewTokens !== undefined && maxOutput !== undefined && maxNewTokens > maxOutput) {
    changes.modified(
      "max_new_tokens",
      maxNewTokens,
      maxOutput,
      `${target.modelId} generates at most ${maxOutput} tokens`,
    );
    settings.maxNewTokens = maxOutput;
  }
  const { maxTemperature, maxStops } = target.quirks;
  if (temperature !== undefined && maxTemperature !== undefined && temperature > maxTemperature) {
    changes.modified("temperature", temperature, maxTemperature, `${target.provider} allows at most ${maxTemperature}`);
    settings.temperature = maxTemperature;
  }
  if (stop !== undefined && maxStops !== undefined && stop.length > maxStops) {
    throw failed(
      target,
      "unsupported",
      `stop: ${stop.length} sequences, but ${target.provider} supports at most ${maxStops}; a shorter list would change the answer`,
    );
  }
}

function adaptMessages(messages: readonly Message[], changes: Changes): readonly Message[] {
  let adapted: Message[] | undefined;
  messages.forEach((message, index) => {
    const clean = wellFormed(message, index, changes);
    if (clean !== message) {
      adapted ??= [...messages];
      adapted[index] = clean;
    }
  });
  return adapted ?? messages;
}

/** Half of a surrogate pair (an emoji split by `slice`) cannot be encoded as UTF-8. */
function wellFormed(message: Message, index: number, changes: Changes): Message {
  if (isWellFormed(message.content)) return message;
  const content = toWellFormed(message.content);
  if (content === message.content) return message;
  changes.modified(`messages[${index}]`, "a lone surrogate", "\u{FFFD}", "half of a surrogate pair is not a character");
  return { ...message, content } as Message;
}

/** No tokenizer averages more characters per token, so a longer prompt cannot fit. */
const MOST_CHARS_PER_TOKEN = 8;
/** Limit for models with an unknown context window, unless `max_input_bytes` is set. No provider accepts more. */
const MOST_CHARS = 8 * 1024 * 1024;

const MOST_BYTES = 64 * 1024 * 1024;

function checkBytes(messages: readonly Message[], most: number, target: Target): void {
  const bytes = inputBytes(messages, most);
  if (bytes <= most) return;
  throw failed(
    target,
    "request_too_large",
    `the prompt has ${bytes} bytes, max_input_bytes is ${most}; nothing was sent`,
  );
}

function checkSize(messages: readonly Message[], settings: Settings, target: Target, mostChars: number): void {
  const length = textLength(messages);
  const { context } = target.facts;
  if (context !== undefined && length > context * MOST_CHARS_PER_TOKEN) {
    throw failed(
      target,
      "context_too_long",
      `the prompt has ${length} characters and cannot fit the context window of ${context} tokens; nothing was sent`,
    );
  }
  if (context === undefined && length > mostChars) {
    throw failed(
      target,
      "request_too_large",
      `the prompt has ${length} characters; set capabilities.context or max_input_bytes if the model accepts it`,
    );
  }
  if (settings.maxInputTokens === undefined) return;
  const fewest = Math.ceil(length / MOST_CHARS_PER_TOKEN);
  // No need to count a prompt this long: its lower bound already exceeds the limit.
  const isBound = fewest > settings.maxInputTokens;
  const tokens = isBound ? fewest : estimateTokens(messages, settings.tools);
  if (tokens > settings.maxInputTokens) {
    throw failed(
      target,
      "context_too_long",
      `the prompt has ${isBound ? "at least" : "about"} ${tokens} tokens, max_input_tokens is ${settings.maxInputTokens}; nothing was sent`,
    );
  }
}

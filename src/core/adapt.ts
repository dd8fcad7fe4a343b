import type { Adjustment } from "./attempt.ts";
import { missingPrice } from "./billing.ts";
import type { CallInput } from "./call.ts";
import { Changes } from "./changes.ts";
import { clientAdditions, clientBody, clientHeaders, dropFields } from "./client-fields.ts";
import type { Dialect } from "./dialect.ts";
import { adaptEffort } from "./effort.ts";
import type { ModelError } from "./error.ts";
import { estimateTokens } from "./estimate.ts";
import { type Mutable, mergedAdaptation, mergedSettings } from "./merged-settings.ts";
import type { Message } from "./message.ts";
import { checkPromptSize } from "./prompt-size.ts";
import { type Effort, keyOf, type ModelRequest, type SettingName, type Settings } from "./request.ts";
import { forHost, fromOtherWire } from "./same-wire.ts";
import { nearest } from "./suggest.ts";
import { effortReason, isHarmless, samplerReason, unsupportedReason } from "./supported-settings.ts";
import type { Adaptation, Target } from "./target.ts";
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
  if (target.facts.embedding !== undefined) throw generatesNothing(target);
  const { adaptation, list, forced, cutAt, settings, extraBody } = adaptedSettings(input, target, dialect);
  const changes = new Changes(target, adaptation);
  const sameWire = input.sameWire?.wire === target.dialect ? input.sameWire : undefined;
  const messages = adaptMessages(withPrelude(input, target), input, { target, adaptation, changes });
  checkPromptSize({ messages, settings }, target, input.maxInputBytes ?? target.policy.maxInputBytes);
  const request: ModelRequest = {
    messages,
    // Copies, because other calls share the originals; nested values are frozen.
    settings: { ...settings },
    cutAt,
    samples: input.samples,
    deliverInvalidCalls: input.deliverInvalidCalls,
    followsUp: input.followsUp,
    extraBody: { ...extraBody },
    extraHeaders: sameWire === undefined ? input.extraHeaders : clientHeaders(sameWire, input, target),
    ...(sameWire !== undefined && {
      additions: clientAdditions(sameWire, target, adaptation),
      // It stands for the effort of the client, which the target may not have.
      ...(settings.reasoningEffort === input.settings.reasoningEffort && { thinkingBudget: sameWire.thinkingBudget }),
    }),
  };
  if (target.policy.strictPricing) requirePrice(request, target);
  // Copies, because callers may change the adjustments of a reply.
  const shared = list.map((adjustment) => ({ ...adjustment }));
  if (changes.list.length === 0) return { request, adjustments: shared, forced };
  return { request, adjustments: [...shared, ...changes.list], forced: [...forced, ...changes.forced] };
}

function generatesNothing(target: Target): ModelError {
  const words = `${target.modelId} computes embeddings and generates no answers; use model.embed(texts). Nothing was sent`;
  return misfitError(target, "unsupported", words);
}

/** The part of a request that does not depend on its messages. Calls share it, so it must not be changed. */
interface AdaptedSettings extends Pick<ModelRequest, "settings" | "extraBody" | "cutAt"> {
  readonly adaptation: Adaptation;
  readonly list: readonly Adjustment[];
  readonly forced: readonly Adjustment[];
}

interface LastAdapted {
  readonly input: Pick<CallInput, "settings" | "extraBody" | "adaptation" | "sameWire">;
  readonly dialect: Dialect;
  readonly adapted: AdaptedSettings;
}

/** The latest result for each target: most calls have no options, so their settings are the same objects. */
const lastAdapted = new WeakMap<Target, LastAdapted>();

function adaptedSettings(input: CallInput, target: Target, dialect: Dialect): AdaptedSettings {
  const last = lastAdapted.get(target);
  if (last !== undefined && last.dialect === dialect && hasSameSettings(last.input, input)) return last.adapted;
  const adapted = adaptSettings(input, target, dialect);
  const { settings, extraBody, adaptation, sameWire } = input;
  const known = { settings, extraBody, sameWire, ...(adaptation && { adaptation }) };
  lastAdapted.set(target, { input: known, dialect, adapted });
  return adapted;
}

function hasSameSettings(one: LastAdapted["input"], other: LastAdapted["input"]): boolean {
  return (
    one.settings === other.settings &&
    one.extraBody === other.extraBody &&
    one.adaptation === other.adaptation &&
    one.sameWire === other.sameWire
  );
}

function adaptSettings(input: CallInput, target: Target, dialect: Dialect): AdaptedSettings {
  const adaptation = mergedAdaptation(input, target);
  const changes = new Changes(target, adaptation);
  for (const { key, value, reason } of target.unused) changes.dropped(key, value, reason);
  const settings = mergedSettings(input, target);
  const ofClient = clientBody(input.sameWire, target, { adaptation, changes });
  const extraBody: Record<string, unknown> = { ...ofClient, ...target.extraBody, ...input.extraBody };
  refuseUnknownTool(settings, extraBody, target);
  const { stop } = settings;
  const before = { ...settings };
  dropUnsupported(settings, extraBody, { input, target, dialect, adaptation, changes });
  dropFields(extraBody, ofClient, { before, after: settings, drop: adaptation.drop, changes });
  const cutAt =
    settings.stop === undefined && !("stop" in extraBody) && !adaptation.drop.includes("stop") ? stop : undefined;
  const effort = adaptEffort(settings, extraBody, { target, adaptation, changes });
  const { reasoningEffort: _, ...rest } = settings;
  dropWithEffort(rest, effort, { target, adaptation, changes });
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
  throw misfitError(target, "invalid_request", `unknown tool "${toolChoice.name}" in toolChoice${hint}`);
}

/** @throws ModelError `unsupported` if the cost of a request cannot be known. */
export function requirePrice(request: ModelRequest, target: Target): void {
  const promptTokens = () => estimateTokens(request.messages, request.settings.tools);
  const missing = missingPrice(request, target.price(), promptTokens, target.dialect);
  if (missing === undefined) return;
  const help = target.price() === undefined ? ": add [models.NAME.pricing] or price_as" : "";
  throw misfitError(target, "unsupported", `${missing} is unknown and strict_pricing is on${help}; nothing was sent`);
}

/** The messages of a call after the `system` and `messages` of its entry. */
export function withPrelude(
  input: Pick<CallInput, "messages" | "system" | "prelude">,
  target: Target,
): readonly Message[] {
  const system = input.system ?? target.system;
  const prelude = input.prelude ?? target.prelude;
  if (system === undefined && prelude.length === 0) return input.messages;
  return [
    ...(system === undefined ? [] : [{ role: "system", content: system } as const]),
    ...prelude,
    ...input.messages,
  ];
}

interface Adapting {
  readonly input: Pick<CallInput, "settings">;
  readonly target: Target;
  readonly dialect: Dialect;
  readonly adaptation: Adaptation;
  readonly changes: Changes;
}

function dropUnsupported(
  settings: Mutable<Settings>,
  extraBody: Record<string, unknown>,
  { input, target, dialect, adaptation, changes }: Adapting,
): void {
  const { drop, allow } = adaptation;
  const names = () => Object.keys(settings) as SettingName[];
  for (const name of names()) {
    if (!drop.includes(keyOf(name))) continue;
    changes.configured(keyOf(name), settings[name], undefined, "listed under `drop`");
    delete settings[name];
  }
  for (const name of names()) {
    const key = keyOf(name);
    const value = settings[name];
    const reason = unsupportedReason(name, target, dialect) ?? samplerReason(name, settings, { input, target, allow });
    if (reason === undefined || isHarmless(name, value)) continue;
    if (!allow.includes(key))
      changes.dropped(key, value, name === "stop" ? `${reason}; the library ends the answer there` : reason);
    else if (dialect.settings?.has(name) === false) extraBody[key] = value;
    else continue;
    delete settings[name];
  }
}

/** Decided by the effort that is sent, which may differ from the one that was asked for. */
function dropWithEffort(
  settings: Mutable<Settings>,
  effort: Effort | undefined,
  { target, adaptation, changes }: Pick<Adapting, "target" | "adaptation" | "changes">,
): void {
  for (const name of target.facts.lacksWithEffort ?? []) {
    const reason = effortReason(name, effort, target);
    if (settings[name] === undefined || reason === undefined || adaptation.allow.includes(keyOf(name))) continue;
    changes.dropped(keyOf(name), settings[name], reason);
    delete settings[name];
  }
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
    throw misfitError(
      target,
      "unsupported",
      `stop: ${stop.length} sequences, but ${target.provider} supports at most ${maxStops}; a shorter list would change the answer`,
    );
  }
}

function adaptMessages(
  messages: readonly Message[],
  { sameWire }: Pick<CallInput, "sameWire">,
  { target, adaptation, changes }: Pick<Adapting, "target" | "adaptation" | "changes">,
): readonly Message[] {
  const forTarget = (message: Message, index: number) =>
    sameWire?.wire === target.dialect
      ? forHost(message, target, adaptation.clientFields)
      : forThisWire(message, index, target, changes);
  let adapted: (Message | undefined)[] | undefined;
  messages.forEach((message, index) => {
    const own = sameWire === undefined ? message : forTarget(message, index);
    const clean = own && wellFormed(own, index, changes);
    if (clean === message) return;
    adapted ??= [...messages];
    adapted[index] = clean;
  });
  return adapted?.filter((message) => message !== undefined) ?? messages;
}

function forThisWire(message: Message, index: number, target: Target, changes: Changes): Message | undefined {
  return fromOtherWire(message, target, ({ wire, block }) => {
    const kind = String(block["type"] ?? "content");
    changes.dropped(`messages[${index}]`, kind, `only the ${wire} wire has all of this ${kind}`);
  });
}

/** Half of a surrogate pair (an emoji split by `slice`) cannot be encoded as UTF-8. */
function wellFormed(message: Message, index: number, changes: Changes): Message {
  if (isWellFormed(message.content)) return message;
  const content = toWellFormed(message.content);
  if (content === message.content) return message;
  changes.modified(`messages[${index}]`, "a lone surrogate", "\u{FFFD}", "half of a surrogate pair is not a character");
  return { ...message, content } as Message;
}

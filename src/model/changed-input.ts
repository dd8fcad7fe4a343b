import type { Call, CallInput } from "../core/call.ts";
import { invalidOption } from "../core/check-options.ts";
import type { RequestChange } from "../core/hooks.ts";
import { readInput } from "../core/input.ts";
import { pickSettings, SETTING_NAMES, type Settings } from "../core/request.ts";
import { nearest } from "../core/suggest.ts";
import { checkTemperature } from "./call.ts";
import { readCallOptions } from "./call-options.ts";
import { readTexts } from "./embedding-texts.ts";

/** What a hook may return besides its changes: it may spread the request that it was given. */
const GIVEN = ["callId", "traceId", "model", "provider", "modelId", "user", "tags", "scope", "streaming"];
const CHANGES = ["messages", "texts", "settings", "reject"];

/**
 * The input of a call with the changes of its `before` hook, which are validated like call options.
 * @throws ModelError `invalid_request`.
 */
export function changedInput({ input, target }: Pick<Call, "input" | "target">, change: RequestChange): CallInput {
  const place = `${target.entry}: before hook`;
  if (typeof change !== "object" || Array.isArray(change)) throw invalidOption(`${place}: must return an object`);
  for (const name of Object.keys(change)) if (!GIVEN.includes(name)) checkName(name, CHANGES, place);
  const kept = keptChange(input, change);
  if (kept !== undefined) throw invalidOption(`${place}: ${kept}`);
  const settings = change.settings === undefined ? input.settings : changedSettings(input.settings, change, place);
  const messages = change.messages === undefined || change.messages === input.messages;
  const changed = { ...input, settings, messages: messages ? input.messages : readInput(change.messages ?? []) };
  if (changed.samples > 1) checkTemperature(changed, target);
  return withTexts(changed, change, place);
}

/** A change that this call cannot have. A hook may return what it was given. */
function keptChange({ messages, embedding }: CallInput, change: RequestChange): string | undefined {
  if (embedding === undefined)
    return change.texts === undefined ? undefined : "texts: this call has messages, not texts";
  const given = change.messages === undefined || change.messages === messages;
  return given ? undefined : "messages: this call has texts for embeddings, not messages";
}

function withTexts(input: CallInput, { texts }: RequestChange, place: string): CallInput {
  const { embedding } = input;
  if (embedding === undefined || texts === undefined || texts === embedding.texts) return input;
  const read = readTexts(texts, place);
  if (read.length !== embedding.texts.length)
    throw invalidOption(`${place}: texts: must be ${embedding.texts.length}, as in the request, not ${read.length}`);
  return { ...input, embedding: { ...embedding, texts: read } };
}

function changedSettings(before: Settings, { settings = {} }: RequestChange, place: string): Settings {
  if (typeof settings !== "object" || settings === null) throw invalidOption(`${place}: settings must be an object`);
  const merged: Record<string, unknown> = { ...before };
  const fresh: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings)) {
    checkName(name, SETTING_NAMES, `${place}: settings`);
    if (value === merged[name]) continue;
    delete merged[name];
    if (value !== undefined) fresh[name] = value;
  }
  return pickSettings({ ...merged, ...readCallOptions(fresh, place).input.settings });
}

function checkName(name: string, known: readonly string[], place: string): void {
  if (known.includes(name)) return;
  const near = nearest(name, known);
  throw invalidOption(`${place}: unknown key "${name}"${near === undefined ? "" : ` (did you mean "${near}"?)`}`);
}

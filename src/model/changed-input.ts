import type { Call, CallInput } from "../core/call.ts";
import { invalidOption } from "../core/check-options.ts";
import type { RequestChange } from "../core/hooks.ts";
import { readInput } from "../core/input.ts";
import { pickSettings, SETTING_NAMES, type Settings } from "../core/request.ts";
import { nearest } from "../core/suggest.ts";
import { checkTemperature } from "./call.ts";
import { readCallOptions } from "./call-options.ts";

/** What a hook may return besides its changes: it may spread the request that it was given. */
const GIVEN = ["callId", "traceId", "model", "provider", "modelId", "user", "tags", "scope", "streaming"];
const CHANGES = ["messages", "settings", "reject"];

/**
 * The input of a call with the changes of its `before` hook, which are validated like call options.
 * @throws ModelError `invalid_request`.
 */
export function changedInput({ input, target }: Pick<Call, "input" | "target">, change: RequestChange): CallInput {
  const place = `${target.entry}: before hook`;
  if (typeof change !== "object" || Array.isArray(change)) throw invalidOption(`${place}: must return an object`);
  for (const name of Object.keys(change)) if (!GIVEN.includes(name)) checkName(name, CHANGES, place);
  const settings = change.settings === undefined ? input.settings : changedSettings(input.settings, change, place);
  const messages = change.messages === undefined || change.messages === input.messages;
  const changed = { ...input, settings, messages: messages ? input.messages : readInput(change.messages ?? []) };
  if (changed.samples > 1) checkTemperature(changed, target);
  return changed;
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

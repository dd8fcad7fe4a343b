import { isModelError } from "../core/error.ts";
import { readInput } from "../core/input.ts";
import { nearest } from "../core/suggest.ts";
import { wrongAddress } from "./address-checks.ts";
import { durationMs } from "./duration.ts";
import { type EntrySources, findSource, ownPath, topValue } from "./layering.ts";
import type { Finding } from "./limits.ts";
import type { Option } from "./option.ts";
import { keysWhere, OPTIONS } from "./options.ts";
import { checkProvider, type Facts, hintOf, tooManyStops } from "./provider-checks.ts";
import { isReference } from "./references.ts";
import { isTable, type Table } from "./table.ts";
import type { View } from "./view.ts";

/** Checks one entry with its inherited values. */
export function checkEntry(view: View, name: string, facts: Facts): readonly Finding[] {
  const sources = view.sources(name);
  const cycle = view.cycle(name);
  if (cycle !== undefined) return isFirstOf(cycle) ? [cyclicExtends(sources, cycle)] : [];
  const missing = missingKeys(sources, view);
  const hint = hintOf(sources, facts);
  const provider = checkProvider(sources, hint, facts);
  const address = wrongAddress(sources, hint, facts);
  const stops = tooManyStops(sources, hint);
  const waits = minWaitAboveMax(sources);
  const tool = unknownTool(sources);
  const needs = unmetNeeds(sources);
  const turns = unreadableMessages(sources);
  const lists = [missing, provider, address, stops, waits, tool, needs, turns];
  return lists.every((list) => list.length === 0) ? NOTHING : lists.flat();
}

/** Almost every entry is valid; a shared empty array saves measurable time in a file with a thousand models. */
const NOTHING: readonly Finding[] = [];

/** A cycle is reported once, at the name that comes first alphabetically. */
function isFirstOf(cycle: readonly string[]): boolean {
  return cycle[0] === [...cycle].sort()[0];
}

function cyclicExtends(sources: EntrySources, cycle: readonly string[]): Finding {
  return {
    path: [...ownPath(sources), "extends"],
    at: "value",
    message: `"extends" is cyclic: ${cycle.join(" -> ")}`,
  };
}

const REQUIRED = [
  ["name", "the model's id at its provider"],
  ["provider", "who serves it"],
] as const;

function missingKeys(sources: EntrySources, view: View): readonly Finding[] {
  if (REQUIRED.every(([key]) => topValue(sources, key) !== undefined)) return NOTHING;
  const misspelt = misspeltOverlay(sources, view);
  if (misspelt !== undefined) return [misspelt];
  return REQUIRED.filter(([key]) => topValue(sources, key) === undefined).map(([key, meaning]) => ({
    path: [...ownPath(sources), key],
    at: "key",
    message: `"${key}" is missing in [models.${sources.name}]: ${meaning}`,
  }));
}

/** An incomplete entry that exists only in a profile is usually a misspelling of the entry it should change. */
function misspeltOverlay({ name, tables }: EntrySources, view: View): Finding | undefined {
  const own = tables.filter(({ path }) => path.at(-1) === name && path.at(-2) === "models");
  if (own.length === 0 || own.some(({ path }) => path[0] !== "profiles")) return undefined;
  const suggestion = nearest(name, view.under(undefined).names());
  if (suggestion === undefined) return undefined;
  const path = own[0]?.path ?? ["models", name];
  return { path, at: "key", message: `unknown entry "${name}" in a profile`, suggestion };
}

function minWaitAboveMax(sources: EntrySources): readonly Finding[] {
  const [min, max] = [topValue(sources, "retry_min_wait"), topValue(sources, "retry_max_wait")];
  if (!isDuration(min) || !isDuration(max) || durationMs(min) <= durationMs(max)) return NOTHING;
  const path = findSource(sources, ["retry_min_wait"])?.path ?? ownPath(sources);
  return [
    { path, at: "value", message: `"retry_min_wait" (${min}) must not be longer than "retry_max_wait" (${max})` },
  ];
}

function isDuration(value: unknown): value is number | string {
  return (
    typeof value === "number" || (typeof value === "string" && /^\d/.test(value) && Number.isFinite(durationMs(value)))
  );
}

const NEEDY = keysWhere(({ needs }) => needs !== undefined);

/** Options that have no effect because of another one. Values of variables are not known yet. */
function unmetNeeds(sources: EntrySources): readonly Finding[] {
  let found = NOTHING;
  for (const key of NEEDY) {
    const value = topValue(sources, key);
    if (value === undefined || isOff(value) || isVariable(value)) continue;
    const needs = OPTIONS[key].needs as NonNullable<Option["needs"]>;
    const other = topValue(sources, needs.key);
    if (other === needs.value || isVariable(other)) continue;
    const path = findSource(sources, [key])?.path ?? ownPath(sources);
    found = [...found, { path, at: "key", message: `"${key}" needs ${needs.key} = "${needs.value}"` }];
  }
  return found;
}

function isVariable(value: unknown): boolean {
  return typeof value === "string" && isReference(value);
}

function isOff(value: unknown): boolean {
  return value === false || value === 0 || (isDuration(value) && durationMs(value) === 0);
}

function unknownTool(sources: EntrySources): readonly Finding[] {
  const choice = topValue(sources, "tool_choice");
  const tools = topValue(sources, "tools");
  if (!isTable(choice) || !Array.isArray(tools)) return NOTHING;
  const wanted = toolName(choice);
  const names = tools
    .filter(isTable)
    .map(toolName)
    .filter((name) => typeof name === "string");
  if (typeof wanted !== "string" || names.length === 0 || names.includes(wanted)) return [];
  const path = findSource(sources, ["tool_choice"])?.path ?? ownPath(sources);
  return [
    {
      path,
      at: "value",
      message: `"tool_choice" is not a tool of this entry: "${wanted}"`,
      suggestion: nearest(wanted, names),
    },
  ];
}

/** The schema checks only the shape of messages, so they are also read as those of a call are. */
function unreadableMessages(sources: EntrySources): readonly Finding[] {
  const messages = topValue(sources, "messages");
  if (!Array.isArray(messages) || !OPTIONS.messages.schema.safeParse(messages).success) return NOTHING;
  try {
    readInput(messages);
    return NOTHING;
  } catch (error) {
    if (!isModelError(error)) throw error;
    const [, place = "", words] = /^(?:input|messages)(\S*): (.*)/s.exec(error.message) ?? [];
    const path = findSource(sources, ["messages"])?.path ?? ownPath(sources);
    const inner = [...place.matchAll(/\[(\d+)\]|\.(\w+)/g)].map(([, index, key]) => key ?? Number(index));
    return [{ path: [...path, ...inner], at: "value", message: `"messages${place}": ${words}` }];
  }
}

function toolName(tool: Table): unknown {
  return isTable(tool.function) ? tool.function.name : tool.name;
}

import type { CallInput } from "./call.ts";
import type { Changes } from "./changes.ts";
import { keyOf, type Settings } from "./request.ts";
import { requireWire, type SameWire } from "./same-wire.ts";
import type { Adaptation, Target } from "./target.ts";

type Body = Readonly<Record<string, unknown>>;

interface Adapting {
  readonly adaptation: Adaptation;
  readonly changes: Changes;
}

/**
 * The fields that only the client's wire format has. Another target reports that they are left out. A field that the description
 * of the API does not have may mean anything at other hosts than the vendor's, also another model or a higher price, so they get
 * it only if their entry lists it.
 */
export function clientBody(
  sameWire: SameWire | undefined,
  target: Target,
  { adaptation, changes }: Adapting,
): Body | undefined {
  if (sameWire === undefined) return undefined;
  if (sameWire.wire !== target.dialect) {
    requireWire(sameWire, target);
    for (const loss of sameWire.losses) changes.add(loss);
    return undefined;
  }
  const refused = refusedFields(sameWire, target, adaptation);
  if (refused.size === 0) return sameWire.body;
  const isRefused = ([name]: [string, unknown]) => refused.has(name);
  const reason = `the API of ${sameWire.vendor} has no such field; list it in \`client_fields\` to send it to ${target.provider}`;
  for (const name of refused) changes.dropped(name, sameWire.body[name], reason);
  return Object.fromEntries(Object.entries(sameWire.body).filter((entry) => !isRefused(entry)));
}

function refusedFields(
  { unknown, vendor }: SameWire,
  target: Target,
  { clientFields }: Adaptation,
): ReadonlySet<string> {
  if (target.provider === vendor) return NONE;
  return new Set(unknown.filter((name) => !clientFields.includes(name)));
}

const NONE: ReadonlySet<string> = new Set();

/** The additions to encoded fields, without those to fields that the entry does not list. */
export function clientAdditions(sameWire: SameWire, target: Target, adaptation: Adaptation): SameWire["additions"] {
  const refused = refusedFields(sameWire, target, adaptation);
  const { additions } = sameWire;
  if (refused.size === 0) return additions;
  const inner = Object.entries(additions.inner).filter(([name]) => !refused.has(name));
  return { ...additions, inner: Object.fromEntries(inner) };
}

/** The settings that fields of a client stand for, as they were received. */
const STAND_FOR: Readonly<Record<string, keyof Settings>> = {
  tools: "tools",
  tool_choice: "toolChoice",
  toolConfig: "toolChoice",
  parallel_tool_calls: "parallelToolCalls",
  prompt_cache_key: "promptCache",
};

interface Dropping {
  readonly before: Settings;
  readonly after: Settings;
  readonly drop: readonly string[];
  readonly changes: Changes;
}

/** Leaves out what a client sent of settings that are not sent. */
export function dropFields(
  extraBody: Record<string, unknown>,
  ofClient: Body | undefined,
  { before, after, drop, changes }: Dropping,
): void {
  if (ofClient === undefined) return;
  const isOfClient = (name: string) => ofClient[name] !== undefined && extraBody[name] === ofClient[name];
  for (const [name, setting] of Object.entries(STAND_FOR)) {
    if (!isOfClient(name) || after[setting] !== undefined) continue;
    const isListed = drop.includes(keyOf(setting));
    if (before[setting] === undefined && !isListed) continue;
    // The setting itself has been reported if there is one.
    if (before[setting] === undefined)
      changes.configured(name, extraBody[name], undefined, "its setting is listed under `drop`");
    delete extraBody[name];
  }
  const { tools } = extraBody;
  const searches = before.webSearch === undefined || after.webSearch !== undefined;
  if (searches || !isOfClient("tools") || !Array.isArray(tools)) return;
  const rest = (tools as readonly Body[]).map(withoutSearch).filter((tool) => Object.keys(tool).length > 0);
  if (rest.length > 0) extraBody["tools"] = rest;
  else delete extraBody["tools"];
}

/** Empty if the tool is nothing but a search. */
function withoutSearch(tool: Body): Body {
  const { googleSearch: _, ...rest } = tool;
  return typeof tool["type"] === "string" && tool["type"].startsWith("web_search") ? {} : rest;
}

/** Lists of trials: those of the entry and of the client count. */
const LISTS: ReadonlySet<string> = new Set(["anthropic-beta", "openai-beta"]);

/** The headers of the client and the call. Those of the entry and the call take precedence, apart from lists, which are joined. */
export function clientHeaders(
  { headers }: SameWire,
  { extraHeaders }: Pick<CallInput, "extraHeaders">,
  { headers: ofEntry, address, facts }: Target,
): Readonly<Record<string, string>> {
  const own = lowerCase({ ...lowerCase(ofEntry), ...lowerCase(extraHeaders) });
  const version = own["anthropic-version"] ?? address.apiVersion ?? facts.anthropicVersion;
  const added = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const before = own[name];
    if (LISTS.has(name)) return [[name, before === undefined ? value : joined(before, value)]];
    return before === undefined && version === undefined ? [[name, value]] : [];
  });
  return { ...lowerCase(extraHeaders), ...Object.fromEntries(added) };
}

function lowerCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function joined(one: string, other: string): string {
  const names = [one, other].flatMap((list) => list.split(",")).map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ""))].join(",");
}

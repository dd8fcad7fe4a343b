import { type Cost, costOf, lacksRate, type Price, UNKNOWN_COST } from "./cost.ts";
import type { Message, Part } from "./message.ts";
import type { Settings } from "./request.ts";
import { addedTools, hasCacheMark, hasCacheMarkIn } from "./same-wire.ts";
import type { Usage } from "./usage.ts";

/** The parts of a request that affect the cost of the answer. */
export interface Billable {
  readonly messages: readonly Message[];
  readonly settings: Settings;
  readonly extraBody: Readonly<Record<string, unknown>>;
}

/** Providers' names for the standard tier, which price lists refer to. */
const STANDARD: ReadonlySet<string> = new Set(["default", "standard", "standard_only", "on_demand"]);
/** Values that let the provider choose the tier. */
const UNDECIDED: ReadonlySet<string> = new Set(["auto", "unspecified", "traffic_type_unspecified"]);

/** Tokens and units without a rate in the price table. */
const UNLISTED = [
  ...["audio", "inputAudio", "outputAudio", "cachedAudio", "toolUseAudio", "audioSeconds", "outputImage"],
  ...["webSearchRequests", "tool", "otherIterations", "cacheWrite12h"],
];

/**
 * The cost of an answer at `price`; unknown if the price has no rate for something that was used. The tier is the reported
 * one, otherwise the requested one.
 */
export function billOf(
  usage: Usage,
  price: Price | undefined,
  request: Pick<Billable, "settings" | "extraBody">,
  reportedTier?: string,
): Cost {
  const tier = decided(reportedTier) ?? requestedTier(request);
  // The sizes of single requests, which choose the rates, are unknown.
  const isJoined = (usage.details["compactions"] ?? 0) > 0 && price?.tiers !== undefined;
  const unlisted = isJoined || UNLISTED.some((name) => (usage.details[name] ?? 0) > 0);
  if (unlisted || !isStandard(tier)) return { ...UNKNOWN_COST, estimated: usage.estimated };
  return costOf(usage, price);
}

/** The price that is missing to estimate the cost of a request; `undefined` if none is missing. */
export function missingPrice(
  request: Billable,
  price: Price | undefined,
  promptTokens: () => number,
  dialect: string,
): string | undefined {
  if (price === undefined) return "its price";
  if (writesForAnHour(request, dialect) && lacksHourRate(price, promptTokens))
    return "the price of one-hour cache writes";
  if (writesForTwelveHours(request, dialect)) return "the price of 12-hour cache writes";
  return unlistedUse(request);
}

function unlistedUse({ messages, settings, extraBody }: Billable): string | undefined {
  const tier = requestedTier({ settings, extraBody });
  if (!isStandard(tier)) return `the price of service_tier "${tier}"`;
  if (asksToSearch(settings, extraBody)) return "the price of web searches";
  const added = messages.flatMap(addedTools);
  const tool = chargedTool(extraBody["tools"]) ?? chargedTool(added);
  if (tool !== undefined) return `the price of the tool ${JSON.stringify(tool)}`;
  if (hasNonTextOutput(settings.modalities ?? extraBody["modalities"]))
    return "the price of audio and images in the answer";
  return messages.some(({ content }) => hasAudio(content)) ? "the price of audio in the prompt" : undefined;
}

/** Wire formats without a time to live of the prompt cache: their encoders leave it out. */
const WITHOUT_TTL: ReadonlySet<string> = new Set(["openai", "openai-responses", "google"]);

/** Whether a request asks for cache writes that last an hour. */
export function writesForAnHour({ settings, messages, extraBody }: Billable, dialect: string): boolean {
  if (WITHOUT_TTL.has(dialect)) return false;
  const { promptCache } = settings;
  const isSet = typeof promptCache === "object" && promptCache.ttl === "1h";
  return isSet || hasCacheMarkIn(extraBody, "1h") || messages.some((message) => hasCacheMark(message, "1h"));
}

const OF_OPENAI: ReadonlySet<string> = new Set(["openai", "openai-responses"]);

/** OpenAI reports them apart from other writes, and no price list has a rate for them. */
function writesForTwelveHours({ messages, extraBody }: Billable, dialect: string): boolean {
  if (!OF_OPENAI.has(dialect)) return false;
  return hasCacheMarkIn(extraBody, "12h") || messages.some((message) => hasCacheMark(message, "12h"));
}

/** Whether this price has no rate for one-hour cache writes, at this prompt size. */
function lacksHourRate(price: Price, promptTokens: () => number): boolean {
  const { tiers = [] } = price;
  if (price.cacheWrite1h !== undefined && tiers.every((tier) => tier.cacheWrite1h !== undefined)) return false;
  return lacksRate(price, promptTokens(), "cacheWrite1h");
}

/** Whether a request enables web searches that are charged per search, with a setting or a provider field. */
export function asksToSearch({ webSearch }: Settings, extraBody: Billable["extraBody"]): boolean {
  if (webSearch !== undefined && webSearch !== false) return true;
  // Fields of OpenAI, xAI and OpenRouter.
  return ["web_search_options", "search_parameters", "plugins"].some((name) => extraBody[name] !== undefined);
}

/** Tools that cost only tokens: those that the client runs, and fetches, searches of tools and MCP servers. Of Gemini: keys. */
const TOKEN_TOOLS =
  /^(?:function|custom$|namespace|local_shell|shell|apply_patch|bash_|text_editor_|computer|memory_|browser_|tool_search|web_fetch|mcp)/;
const TOKEN_TOOL_KEYS: ReadonlySet<string> = new Set([
  "functionDeclarations",
  "codeExecution",
  "urlContext",
  "computerUse",
]);

/** A tool in the body that the provider runs and charges for by other units than tokens. Searches have a setting. */
function chargedTool(tools: unknown): string | undefined {
  if (!Array.isArray(tools)) return undefined;
  for (const tool of tools as readonly unknown[]) {
    if (typeof tool !== "object" || tool === null) continue;
    const { type, name } = tool as { readonly type?: unknown; readonly name?: unknown };
    if (typeof type === "string" && !TOKEN_TOOLS.test(type)) return type.slice(0, 64);
    const key = Object.keys(tool).find((one) => !TOKEN_TOOL_KEYS.has(one));
    if (type === undefined && name === undefined && key !== undefined) return key.slice(0, 64);
  }
  return undefined;
}

/** Tools of which the provider adds the results to the prompt, and asks the model again. Of Gemini: keys. */
const READING_TOOLS = /^(?:web_fetch|mcp|tool_search)/;
const READING_KEYS: readonly string[] = ["urlContext", "codeExecution"];

/** What makes a prompt longer while it is answered; `undefined` if nothing does. */
export function growthOf({ messages, extraBody }: Pick<Billable, "messages" | "extraBody">): string | undefined {
  if (compacts(extraBody)) return "the number of tokens of a compaction";
  if (extraBody["mcp_servers"] != null) return "the number of tokens that the tools of mcp_servers add";
  const { tools } = extraBody;
  for (const tool of [...(Array.isArray(tools) ? (tools as unknown[]) : []), ...messages.flatMap(addedTools)]) {
    const name = readingTool(tool);
    if (name !== undefined) return `the number of tokens that the tool ${JSON.stringify(name.slice(0, 64))} adds`;
  }
  return undefined;
}

function readingTool(tool: unknown): string | undefined {
  if (typeof tool !== "object" || tool === null) return undefined;
  const { type } = tool as { readonly type?: unknown };
  if (typeof type === "string") return READING_TOOLS.test(type) ? type : undefined;
  return READING_KEYS.find((key) => key in tool);
}

/** A compaction is a request of its own, with the complete prompt. */
function compacts({ compaction, context_management: management }: Billable["extraBody"]): boolean {
  if (compaction != null) return true;
  try {
    return /"type":"compact/.test(JSON.stringify(management) ?? "");
  } catch {
    // What cannot be sent is refused when it is sent.
    return true;
  }
}

function requestedTier({ settings, extraBody }: Pick<Billable, "settings" | "extraBody">): string | undefined {
  const fast = extraBody["speed"] === "fast" ? "fast" : undefined;
  return (
    fast ??
    regionOf(extraBody["inference_geo"]) ??
    decided(extraBody["service_tier"] ?? extraBody["serviceTier"] ?? settings.serviceTier)
  );
}

/** Regions at the listed price, and what the provider reports where it has no regions. */
const EVERYWHERE: ReadonlySet<unknown> = new Set(["global", "not_available", ""]);

/** Inference in one region, which has another price. https://platform.claude.com/docs/en/about-claude/pricing */
export function regionOf(geo: unknown): string | undefined {
  return typeof geo !== "string" || EVERYWHERE.has(geo) ? undefined : `inference_geo ${geo}`;
}

function decided(tier: unknown): string | undefined {
  return typeof tier === "string" && !UNDECIDED.has(tier.toLowerCase()) ? tier : undefined;
}

function isStandard(tier: string | undefined): boolean {
  return tier === undefined || STANDARD.has(tier.toLowerCase());
}

function hasNonTextOutput(modalities: unknown): boolean {
  return (
    Array.isArray(modalities) && modalities.some((name) => typeof name === "string" && name.toLowerCase() !== "text")
  );
}

function hasAudio(content: string | readonly Part[]): boolean {
  if (typeof content === "string") return false;
  return content.some((part) => {
    if (part.type === "tool-result") return hasAudio(part.content);
    return part.type === "audio" || (part.type === "file" && /^(?:audio|video)\//.test(part.mediaType ?? ""));
  });
}

import { type Cost, costOf, lacksRate, type Price, UNKNOWN_COST } from "./cost.ts";
import type { Message, Part } from "./message.ts";
import type { Settings } from "./request.ts";
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
  ...["webSearchRequests", "tool", "otherIterations"],
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
  if (writesForAnHour(request.settings, dialect) && lacksHourRate(price, promptTokens))
    return "the price of one-hour cache writes";
  return unlistedUse(request);
}

function unlistedUse({ messages, settings, extraBody }: Billable): string | undefined {
  const tier = requestedTier({ settings, extraBody });
  if (!isStandard(tier)) return `the price of service_tier "${tier}"`;
  if (asksToSearch(settings, extraBody)) return "the price of web searches";
  const tool = chargedTool(extraBody["tools"]);
  if (tool !== undefined) return `the price of the tool ${JSON.stringify(tool)}`;
  if (hasNonTextOutput(settings.modalities ?? extraBody["modalities"]))
    return "the price of audio and images in the answer";
  return messages.some(({ content }) => hasAudio(content)) ? "the price of audio in the prompt" : undefined;
}

/** Wire formats without a time to live of the prompt cache: their encoders leave it out. */
const WITHOUT_TTL: ReadonlySet<string> = new Set(["openai", "openai-responses", "google"]);

/** Whether a request asks for cache writes that last an hour. */
export function writesForAnHour({ promptCache }: Settings, dialect: string): boolean {
  return typeof promptCache === "object" && promptCache.ttl === "1h" && !WITHOUT_TTL.has(dialect);
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

function requestedTier({ settings, extraBody }: Pick<Billable, "settings" | "extraBody">): string | undefined {
  const fast = extraBody["speed"] === "fast" ? "fast" : undefined;
  return fast ?? decided(extraBody["service_tier"] ?? extraBody["serviceTier"] ?? settings.serviceTier);
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

import { type Cost, costOf, lacksRate, type Price, UNKNOWN_COST } from "./cost.ts";
import type { Message, Part } from "./message.ts";
import type { Settings } from "./request.ts";
import type { Usage } from "./usage.ts";

/** A request as far as it decides what the answer costs. */
export interface Billable {
  readonly messages: readonly Message[];
  readonly settings: Settings;
  readonly extraBody: Readonly<Record<string, unknown>>;
}

/** The words providers have for the tier that price lists are about. */
const STANDARD: ReadonlySet<string> = new Set(["default", "standard", "standard_only", "on_demand"]);
/** Words that leave the choice of a tier to the provider, so they tell nothing. */
const UNDECIDED: ReadonlySet<string> = new Set(["auto", "unspecified", "traffic_type_unspecified"]);

/** Tokens and units that a price by input and output tokens says nothing about. */
const UNLISTED = ["audio", "inputAudio", "outputAudio", "outputImage", "webSearchRequests", "tool"];

/**
 * What an answer costs at `price`; unknown where the list has no rate for something that was used. The tier that the
 * answer reports counts, else the one that was asked for.
 */
export function billOf(
  usage: Usage,
  price: Price | undefined,
  request: Pick<Billable, "settings" | "extraBody">,
  reportedTier?: string,
): Cost {
  const tier = decided(reportedTier) ?? tierAskedFor(request);
  const unlisted = UNLISTED.some((name) => (usage.details[name] ?? 0) > 0);
  if (unlisted || !isStandard(tier)) return { ...UNKNOWN_COST, estimated: usage.estimated };
  return costOf(usage, price);
}

/** Which price one would have to know to tell beforehand what a request costs; `undefined` when all are known. */
export function missingPrice(
  request: Billable,
  price: Price | undefined,
  promptTokens: () => number,
): string | undefined {
  if (price === undefined) return "its price";
  if (lacksHourRate(request, price, promptTokens)) return "the price of cache writes for an hour";
  return unlistedUse(request);
}

function unlistedUse({ messages, settings, extraBody }: Billable): string | undefined {
  const tier = tierAskedFor({ settings, extraBody });
  if (!isStandard(tier)) return `the price of service_tier "${tier}"`;
  if (asksToSearch(settings, extraBody)) return "the price of web searches";
  if (speaks(settings.modalities ?? extraBody["modalities"])) return "the price of audio and images in the answer";
  return messages.some(({ content }) => hasAudio(content)) ? "the price of audio in the prompt" : undefined;
}

/** Writes to the cache for an hour have no rate in this price, for a prompt of so many tokens. */
function lacksHourRate({ settings }: Billable, price: Price, promptTokens: () => number): boolean {
  const { promptCache } = settings;
  if (typeof promptCache !== "object" || promptCache.ttl !== "1h") return false;
  const { tiers = [] } = price;
  if (price.cacheWrite1h !== undefined && tiers.every((tier) => tier.cacheWrite1h !== undefined)) return false;
  return lacksRate(price, promptTokens(), "cacheWrite1h");
}

/** Whether a request wants searches that are charged by number, as a setting or in the words of its host. */
export function asksToSearch({ webSearch }: Settings, extraBody: Billable["extraBody"]): boolean {
  if (webSearch !== undefined && webSearch !== false) return true;
  // OpenAI's, xAI's and OpenRouter's own fields.
  return ["web_search_options", "search_parameters", "plugins"].some((name) => extraBody[name] !== undefined);
}

function tierAskedFor({ settings, extraBody }: Pick<Billable, "settings" | "extraBody">): string | undefined {
  const fast = extraBody["speed"] === "fast" ? "fast" : undefined;
  return fast ?? decided(extraBody["service_tier"] ?? extraBody["serviceTier"] ?? settings.serviceTier);
}

function decided(tier: unknown): string | undefined {
  return typeof tier === "string" && !UNDECIDED.has(tier.toLowerCase()) ? tier : undefined;
}

function isStandard(tier: string | undefined): boolean {
  return tier === undefined || STANDARD.has(tier.toLowerCase());
}

function speaks(modalities: unknown): boolean {
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

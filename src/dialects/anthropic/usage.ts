import { type Usage, usageOf } from "../../core/usage.ts";
import { ReportedCounts } from "../reported-counts.ts";

type Tree = Readonly<Record<string, unknown>>;

/** The token counts of one answer. They arrive at the start and, cumulative, at the end, so they are not added up. */
export class UsageFold {
  readonly #counts = new ReportedCounts();
  #serviceTier: string | undefined;

  push(usage: unknown): void {
    if (!isTree(usage)) return;
    const creation = treeOf(usage["cache_creation"]);
    const server = treeOf(usage["server_tool_use"]);
    this.#counts.push({
      input: usage["input_tokens"],
      cacheRead: usage["cache_read_input_tokens"],
      cacheWrite: usage["cache_creation_input_tokens"],
      cacheWrite5m: creation["ephemeral_5m_input_tokens"],
      cacheWrite1h: creation["ephemeral_1h_input_tokens"],
      output: usage["output_tokens"],
      reasoning: treeOf(usage["output_tokens_details"])["thinking_tokens"],
      webSearchRequests: server["web_search_requests"],
      webFetchRequests: server["web_fetch_requests"],
    });
    this.#serviceTier = tierOf(usage) ?? this.#serviceTier;
  }

  /** The tier the tokens are charged at, if reported. */
  get serviceTier(): string | undefined {
    return this.#serviceTier;
  }

  /**
   * `undefined` if the server reported nothing, or only zeros, as some do for answers that they did not count. Anthropic's
   * real zeros, for programmatic tool calls, have `server_tool_use`.
   */
  usage(): Usage | undefined {
    const of = (name: string) => this.#counts.of(name);
    const written = of("cacheWrite5m") + of("cacheWrite1h");
    const cacheWrite = this.#counts.has("cacheWrite") ? of("cacheWrite") : written;
    const isBare = !this.#counts.has("webSearchRequests");
    if (isBare && of("input") + of("cacheRead") + cacheWrite + of("output") === 0) return undefined;
    const cacheWrite1h = Math.min(of("cacheWrite1h"), cacheWrite);
    return usageOf({
      input: of("input"),
      cacheRead: of("cacheRead"),
      cacheWrite,
      output: of("output"),
      reasoning: of("reasoning"),
      estimated: this.#counts.flawed,
      details: {
        cacheWrite5m: Math.min(of("cacheWrite5m"), cacheWrite - cacheWrite1h),
        cacheWrite1h,
        webSearchRequests: of("webSearchRequests"),
        webFetchRequests: of("webFetchRequests"),
      },
    });
  }
}

/** The counts as a message reports them. */
export function messagesUsage({ input, cacheRead, cacheWrite, output, reasoning, details }: Usage): Tree {
  const { cacheWrite5m = 0, cacheWrite1h = 0, webSearchRequests, webFetchRequests } = details;
  const uses = {
    ...(webSearchRequests !== undefined && { web_search_requests: webSearchRequests }),
    ...(webFetchRequests !== undefined && { web_fetch_requests: webFetchRequests }),
  };
  return {
    input_tokens: input,
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: cacheWrite5m, ephemeral_1h_input_tokens: cacheWrite1h },
    output_tokens: output,
    ...(reasoning > 0 && { output_tokens_details: { thinking_tokens: reasoning } }),
    ...(Object.keys(uses).length > 0 && { server_tool_use: uses }),
  };
}

/** Fast mode and US inference have other prices, like a tier (platform.claude.com/docs/en/about-claude/pricing). */
function tierOf({ speed, inference_geo: geo, service_tier: tier }: Tree): string | undefined {
  if (speed === "fast") return speed;
  if (geo === "us") return "inference_geo us";
  return typeof tier === "string" ? tier : undefined;
}

function treeOf(value: unknown): Tree {
  return isTree(value) ? value : {};
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}

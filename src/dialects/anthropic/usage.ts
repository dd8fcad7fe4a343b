import type { Anthropic } from "@anthropic-ai/sdk";
import { regionOf } from "../../core/billing.ts";
import { type Usage, usageOf } from "../../core/usage.ts";
import { ReportedCounts } from "../reported-counts.ts";

type Tree = Readonly<Record<string, unknown>>;

/** The token counts of one answer. They arrive at the start and, cumulative, at the end, so they are not added up. */
export class UsageFold {
  readonly #counts = new ReportedCounts();
  /** The last report of each field that changes the price. */
  #terms: Tree = {};
  /** Whether cache writes without a time to live were written for one hour, as the request asked. */
  readonly #hourWrites: boolean;

  constructor(hourWrites = false) {
    this.#hourWrites = hourWrites;
  }

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
      otherIterations: otherIterations(usage["iterations"]),
      ...compactionCounts(usage["iterations"]),
    });
    // The end of a stream need not repeat all of them.
    for (const name of ["speed", "inference_geo", "service_tier"])
      if (typeof usage[name] === "string") this.#terms = { ...this.#terms, [name]: usage[name] };
  }

  /** The tier the tokens are charged at, if reported. */
  get serviceTier(): string | undefined {
    return tierOf(this.#terms);
  }

  /**
   * `undefined` if the server reported nothing, or only zeros, as some do for answers that they did not count. Anthropic's
   * real zeros, for programmatic tool calls, have `server_tool_use`.
   */
  usage(): Usage | undefined {
    const of = (name: string) => this.#counts.of(name);
    const sum = (name: string) => of(name) + of(`compaction ${name}`);
    const written = of("cacheWrite5m") + of("cacheWrite1h");
    const cacheWrite = (this.#counts.has("cacheWrite") ? of("cacheWrite") : written) + of("compaction cacheWrite");
    const isBare = !this.#counts.has("webSearchRequests");
    if (isBare && sum("input") + sum("cacheRead") + cacheWrite + sum("output") === 0) return undefined;
    const reported1h = Math.min(sum("cacheWrite1h"), cacheWrite);
    const cacheWrite5m = Math.min(sum("cacheWrite5m"), cacheWrite - reported1h);
    const assumed1h = this.#hourWrites ? cacheWrite - cacheWrite5m - reported1h : 0;
    return usageOf({
      input: sum("input"),
      cacheRead: sum("cacheRead"),
      cacheWrite,
      output: sum("output"),
      reasoning: of("reasoning"),
      estimated: this.#counts.flawed || assumed1h > 0,
      details: {
        cacheWrite5m,
        cacheWrite1h: reported1h + assumed1h,
        webSearchRequests: of("webSearchRequests"),
        webFetchRequests: of("webFetchRequests"),
        compactions: of("compactions"),
        otherIterations: of("otherIterations"),
      },
    });
  }
}

/** The counts as a message reports them. */
export function messagesUsage(usage: Usage): Omit<Anthropic.Usage, "service_tier"> {
  const { input, cacheRead, cacheWrite, output, reasoning, details } = usage;
  const { cacheWrite5m = 0, cacheWrite1h = 0, webSearchRequests = 0, webFetchRequests = 0 } = details;
  const uses = { web_search_requests: webSearchRequests, web_fetch_requests: webFetchRequests };
  return {
    input_tokens: input,
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: cacheWrite5m, ephemeral_1h_input_tokens: cacheWrite1h },
    output_tokens: output,
    output_tokens_details: reasoning > 0 ? { thinking_tokens: reasoning } : null,
    server_tool_use: webSearchRequests + webFetchRequests > 0 ? uses : null,
    inference_geo: null,
    speed: null,
  };
}

/** Fast mode and US inference have other prices, like a tier (platform.claude.com/docs/en/about-claude/pricing). */
function tierOf({ speed, inference_geo: geo, service_tier: tier }: Tree): string | undefined {
  if (speed === "fast") return speed;
  const region = regionOf(geo);
  if (region !== undefined) return region;
  return typeof tier === "string" ? tier : undefined;
}

/** Answers of other models, which have other prices. */
function otherIterations(iterations: unknown): number | undefined {
  if (!Array.isArray(iterations)) return undefined;
  return iterations.filter((one) => !["message", "compaction"].includes(String(treeOf(one)["type"]))).length;
}

/**
 * Compactions are requests to the same model, whose tokens the other counts exclude
 * (platform.claude.com/docs/en/build-with-claude/compaction).
 */
function compactionCounts(iterations: unknown): Readonly<Record<string, unknown>> {
  if (!Array.isArray(iterations)) return {};
  const compactions = iterations.map(treeOf).filter(({ type }) => type === "compaction");
  if (compactions.length === 0) return {};
  const sum = (count: (one: Tree) => unknown) => compactions.reduce((total, one) => total + Number(count(one) ?? 0), 0);
  const created = (name: string) => sum((one) => treeOf(one["cache_creation"])[name]);
  return {
    compactions: compactions.length,
    "compaction input": sum((one) => one["input_tokens"]),
    "compaction cacheRead": sum((one) => one["cache_read_input_tokens"]),
    "compaction cacheWrite": sum((one) => one["cache_creation_input_tokens"]),
    "compaction cacheWrite5m": created("ephemeral_5m_input_tokens"),
    "compaction cacheWrite1h": created("ephemeral_1h_input_tokens"),
    "compaction output": sum((one) => one["output_tokens"]),
  };
}

function treeOf(value: unknown): Tree {
  return isTree(value) ? value : {};
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}

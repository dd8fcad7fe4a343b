import * as z from "zod";
import { type Options, option } from "./option.ts";
import { entryRateLimitOf } from "./rates.ts";
import { entryRateLimit } from "./schema-money.ts";
import { count, flag, table, text } from "./schema-values.ts";

/** A price above this is an error; sums of larger prices would lose precision as numbers. */
const MAX_USD_PER_MILLION = 1_000_000;
const usd = () => z.number().min(0).max(MAX_USD_PER_MILLION);

/** USD per million tokens. */
export const price = table({
  input: usd().meta({ description: "Prompt tokens, USD per million.", examples: [3] }),
  output: usd().meta({ description: "Answer tokens, reasoning included, USD per million.", examples: [15] }),
  cache_read: usd().meta({
    description: "Prompt tokens read from the provider's cache. Default: as input.",
    examples: [0.3],
  }),
  cache_write: usd().meta({
    description: "Prompt tokens written to the provider's cache. Default: as input.",
    examples: [3.75],
  }),
  cache_write_5m: usd().meta({ description: "Written for five minutes. Default: as cache_write.", examples: [3.75] }),
  cache_write_1h: usd().meta({
    description: "Written for one hour. Default: as cache_write; the cost is then estimated.",
    examples: [6],
  }),
});

export const moneyOptions = {
  pricing: option(
    price.meta({
      description:
        "Prices in USD per million tokens; they take precedence over `[pricing]` and the catalog. Without a price, the cost is null, never 0.",
      examples: [{ input: 3, output: 15, cache_read: 0.3 }],
    }),
    { merge: "tables" },
  ),
  price_as: option(
    text().meta({
      description: "Use the prices of another model id, for deployments and aliases with their own names.",
      examples: ["gpt-6.1-terra"],
    }),
  ),
  strict_pricing: option(
    flag().meta({
      description: "Reject calls with an unknown price.",
      default: false,
    }),
    { policy: {} },
  ),
  rate_limit: option(
    entryRateLimit.meta({
      description:
        "Limits of this entry's requests and tokens: the short form of a table in `[rate_limits]`, with the same keys except `per` and `match`. Each entry that inherits it has counters of its own.",
      examples: [{ requests_per_minute: 60, tokens_per_minute: 90_000 }],
    }),
    { policy: { type: "EntryRateLimit | undefined", of: ({ rateLimit }) => entryRateLimitOf(rateLimit) } },
  ),
} as const satisfies Options;

const able = (what: string) => flag().meta({ description: `Whether the model ${what}.` });

export const capabilityOptions = {
  capabilities: option(
    table({
      reasoning: able("supports `reasoning_effort`"),
      stop: able("supports `stop`"),
      tools: able("calls tools"),
      parallel_tools: able("calls several tools in one answer"),
      vision: able("accepts images"),
      files: able("accepts files"),
      audio: able("accepts audio"),
      prompt_cache: able("has a prompt cache"),
      json_schema: able("can enforce a JSON Schema"),
      temperature: able("supports `temperature`"),
      streaming: able("can stream"),
      web_search: able("can search the web"),
      embeddings: able("computes embeddings"),
      context: count(1).meta({ description: "Context window: tokens of prompt and answer.", examples: [200_000] }),
      max_output: count(1).meta({ description: "Maximum tokens of an answer.", examples: [64_000] }),
    }).meta({
      description:
        "What the model supports, if the catalog does not have it or is wrong. Unsupported parameters are left out of requests, or are errors (see `drop_params`).",
      examples: [{ tools: true, vision: false, context: 32_768 }],
    }),
    { merge: "tables" },
  ),
} as const satisfies Options;

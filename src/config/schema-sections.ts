import * as z from "zod";
import { DEFAULTS } from "./defaults.ts";
import { count, duration, flag, oneOf, table, text, texts } from "./schema-values.ts";

/** A price above this is a slip of the pen; money must stay within what a number holds exactly enough. */
const MOST_USD_PER_MILLION = 1_000_000;
const usd = () => z.number().min(0).max(MOST_USD_PER_MILLION);

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

export const moneyShape = {
  pricing: price.meta({
    description:
      "Prices in USD per million tokens; they win over `[pricing]` and the catalog. Without any, a cost is unknown (null), never 0.",
    examples: [{ input: 3, output: 15, cache_read: 0.3 }],
  }),
  price_as: text().meta({
    description: "Charge by the prices of another model id: for deployments and aliases with names of their own.",
    examples: ["gpt-6.1-terra"],
  }),
  strict_pricing: flag().meta({
    description: "Refuse calls whose price is unknown.",
    default: DEFAULTS.strict_pricing,
  }),
} as const;

const able = (what: string) => flag().meta({ description: `Whether the model ${what}.` });

export const capabilityShape = {
  capabilities: table({
    reasoning: able("takes `reasoning_effort`"),
    stop: able("takes `stop`"),
    tools: able("calls tools"),
    parallel_tools: able("calls several tools in one answer"),
    vision: able("sees images"),
    files: able("reads files"),
    audio: able("hears audio"),
    prompt_cache: able("has a prompt cache"),
    json_schema: able("can be held to a JSON Schema"),
    temperature: able("takes `temperature`"),
    streaming: able("can stream"),
    web_search: able("can search the web"),
    context: count(1).meta({ description: "Tokens of prompt and answer together.", examples: [200_000] }),
    max_output: count(1).meta({ description: "Most tokens of an answer.", examples: [64_000] }),
  }).meta({
    description:
      "What the model can do, where the catalog does not know it or is wrong. What a model lacks is left out of requests, or refused (see `drop_params`).",
    examples: [{ tools: true, vision: false, context: 32_768 }],
  }),
} as const;

export const STRATEGIES = [
  ...(["priority", "round_robin", "random", "weighted", "least_busy", "latency", "cost", "usage"] as const),
] as const;

const member = oneOf('the name of an entry, or { model = "NAME", weight = 3 }', [
  text(),
  z.strictObject({ model: text(), weight: z.number().positive().optional() }),
]);

export const group = table({
  strategy: z.enum(STRATEGIES).meta({
    description:
      "Which member a call goes to first; the others follow when it fails. `priority`: in the order written; `round_robin`: in turn; `random`; `weighted`: at random by `weight`; `least_busy`: fewest calls in flight; `latency`: fastest to its first answer lately; `cost`: cheapest by price; `usage`: fewest tokens in the last minute.",
    default: DEFAULTS.group.strategy,
  }),
  members: z
    .array(member)
    .min(1)
    .meta({
      description: "Entries, by name or as `{ model, weight }`.",
      examples: [
        ["coder", "local"],
        [{ model: "coder", weight: 3 }, { model: "local" }],
      ],
    }),
  allowed_fails: count(1).meta({
    description:
      "A member rests after this many failures within a minute. Errors of the request itself never count; a 429 or a refused key lets it rest at once.",
    default: DEFAULTS.group.allowed_fails,
  }),
  cooldown: duration("How long a member rests.", { default: DEFAULTS.group.cooldown, examples: ["30s"] }),
  fallback_models: texts().meta({
    description: "Entries tried in order when no member can serve.",
    examples: [["local"]],
  }),
}).meta({ id: "Group", description: "Entries that share the calls of one name." });

export const cacheSection = table({
  store: z.enum(["memory"]).meta({ description: "Where answers are kept.", default: DEFAULTS.cache.store }),
  ttl: duration("How long an answer is used again.", {
    default: DEFAULTS.cache.ttl,
    examples: ["1h"],
  }),
  max_entries: count(1).meta({
    description: "Most answers kept; the one not used for longest goes first.",
    default: DEFAULTS.cache.max_entries,
  }),
  namespace: text().meta({
    description: "Part of every cache key: change it to start afresh.",
    default: DEFAULTS.cache.namespace,
  }),
}).meta({ description: "Answers of equal requests are given again without a request. No cache without this table." });

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
/** Python's words, also accepted. */
export const LOG_LEVEL_ALIASES: Readonly<Record<string, (typeof LOG_LEVELS)[number]>> = {
  notset: "trace",
  warning: "warn",
  critical: "error",
  fatal: "error",
  off: "silent",
};
const LEVEL_WORDS = [...LOG_LEVELS, ...Object.keys(LOG_LEVEL_ALIASES)];

const LEVEL_ERROR = `must be one of ${LOG_LEVELS.map((word) => `"${word}"`).join(", ")}`;

export const loggingSection = table({
  level: z
    .enum([...LEVEL_WORDS, ...LEVEL_WORDS.map((word) => word.toUpperCase())] as [string, ...string[]], {
      error: LEVEL_ERROR,
    })
    .meta({
      description: "Least severity that is logged; capitals and Python's WARNING, CRITICAL and NOTSET are understood.",
      default: DEFAULTS.logging.level,
      examples: ["info", "WARNING"],
    }),
  format: oneOf('"text", "json" or a pattern with %(asctime)s, %(name)s, %(levelname)s, %(message)s', [
    z.enum(["text", "json"]),
    z.string().regex(/%\(message\)s/, { error: 'must be "text", "json" or a pattern that contains %(message)s' }),
  ]).meta({
    description:
      "Lines of text, one JSON object per line, or a pattern with %(asctime)s, %(name)s, %(levelname)s and %(message)s.",
    default: DEFAULTS.logging.format,
    examples: ["json", "%(asctime)s - %(name)s - %(levelname)s - %(message)s"],
  }),
  file: text().meta({
    description: "File that lines are appended to. Default: stderr.",
    examples: ["modelwright.log"],
  }),
  log_content: flag().meta({
    description: "Also log prompts and answers. Keys are never logged.",
    default: DEFAULTS.logging.log_content,
  }),
}).meta({ description: "What is logged, how and where." });

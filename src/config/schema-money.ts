import * as z from "zod";
import { MAX_LIMIT } from "../core/store.ts";
import { count, duration, share, table, text } from "./schema-values.ts";

/** Limits above this would not be exact in every store. */
const MAX_USD = 9_000_000;
const MAX_TOKENS = Number(MAX_LIMIT);

const PERS = ["user", "tag", "key", "model", "provider", "scope"] as const;

const per = z.array(z.enum(PERS)).meta({
  description:
    "Separate counters for each value. Calls without a value share one; of several tags or scopes, each is charged. Default: one counter for all.",
  examples: [["user"], ["provider"]],
});

const names = (what: string, example: readonly string[]) =>
  z
    .array(text())
    .min(1, { error: "must name at least one; leave the key out to match every call" })
    .meta({ description: what, examples: [example] });

const match = table({
  models: names("Entries that serve the request.", ["coder"]),
  providers: names("Providers of these entries.", ["openai"]),
  tags: names("Tags of the call; one of them is enough.", ["ci"]),
  users: names("Users of the call.", ["ann"]),
}).meta({
  description:
    "The calls that it applies to. A call must match every list that is given, and it matches a list if it has one of the values. Default: every call.",
  examples: [{ models: ["coder"] }, { tags: ["ci"], users: ["ann"] }],
});

export const budgetSection = table({
  usd: z
    .number()
    .min(0)
    .max(MAX_USD)
    .meta({ description: "Limit in USD for each period.", examples: [25] }),
  tokens: z
    .int()
    .min(0)
    .max(MAX_TOKENS)
    .meta({
      description: "Limit in tokens for each period, in place of `usd`.",
      examples: [1_000_000],
    }),
  period: z.enum(["hour", "day", "week", "month", "total"]).meta({
    description: "When spending starts at zero again; a week begins on Monday, and `total` never ends.",
    default: "month",
  }),
  timezone: text().meta({
    description: "IANA time zone in which periods begin.",
    default: "UTC",
    examples: ["Europe/Berlin"],
  }),
  per,
  match,
  warn_at: share().meta({ description: "Share of the limit from which the state is `warning`.", default: 0.8 }),
  on_exceeded: z.enum(["refuse", "fallback"]).meta({
    description:
      "refuse: calls fail with `budget_exceeded`, without a request. fallback: a target whose request may cost more than is left is skipped, and the next one is tried.",
    default: "refuse",
  }),
  unpriced: z.enum(["refuse", "allow"]).meta({
    description:
      "Calls whose price is unknown, or whose largest size is: images, PDFs and files by URL. `allow` reserves nothing for an unknown price, and a typical size for the others.",
    default: "refuse",
  }),
  max_output: count(1).meta({
    description:
      "Sent as `max_new_tokens` with calls that have none, and reserved for them. Default: nothing is sent, and the model's maximum is reserved, or 4096 tokens if it is unknown.",
    examples: [8_192],
  }),
  max_wait: duration("How long a call waits while only reservations of other calls are in the way.", {
    default: 10,
    examples: ["10s"],
  }),
  max_counters: count(1).meta({
    description: "Maximum counters of one period; calls that need another one fail with `state_unavailable`.",
    default: 100_000,
  }),
}).meta({ id: "Budget", description: "A limit of spending that holds for concurrent calls." });

const rate = (what: string, examples: readonly number[]) =>
  z.int().min(1).max(1_000_000_000).meta({ description: what, examples });

const rates = {
  requests_per_second: rate("Requests in each second.", [5]),
  requests_per_minute: rate("Requests in each minute.", [500]),
  requests_per_hour: rate("Requests in each hour.", [10_000]),
  requests_per_day: rate("Requests in each day.", [100_000]),
  tokens_per_second: rate("Tokens of prompts and answers in each second.", [10_000]),
  tokens_per_minute: rate("Tokens of prompts and answers in each minute.", [90_000]),
  tokens_per_hour: rate("Tokens of prompts and answers in each hour.", [1_000_000]),
  tokens_per_day: rate("Tokens of prompts and answers in each day.", [10_000_000]),
  rpm: rate("Alias of `requests_per_minute`.", [500]),
  tpm: rate("Alias of `tokens_per_minute`.", [90_000]),
  max_parallel: count(1).meta({ description: "Requests in flight, of all processes together.", examples: [20] }),
} as const;

export const WAIT_DEFAULTS = { on_exceeded: "wait", max_wait: 30, queue: 1_000 } as const;

const waits = {
  on_exceeded: z.enum(["wait", "refuse"]).meta({
    description: "wait: until there is room. refuse: fail with `limit_exceeded`, or use a fallback.",
    default: WAIT_DEFAULTS.on_exceeded,
  }),
  max_wait: duration("How long a request waits; then it fails with `limit_exceeded`.", {
    default: WAIT_DEFAULTS.max_wait,
    examples: ["30s"],
  }),
  queue: count().meta({
    description: "Requests of this process that may wait; others fail with `limit_exceeded`.",
    default: WAIT_DEFAULTS.queue,
  }),
} as const;

export const rateLimitSection = table({ ...rates, per, match, ...waits }).meta({
  id: "RateLimit",
  description: "A limit of requests or tokens, refilled continuously.",
});

/** `rate_limit` of an entry. */
export const entryRateLimit = table({ ...rates, ...waits });

import * as z from "zod";
import { count, duration, flag, oneOf, share, size, table, text, texts } from "./schema-values.ts";

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
      "Which member is tried first; the others follow if it fails. `priority`: in the order written; `round_robin`: each in turn; `random`; `weighted`: random by `weight`; `least_busy`: fewest calls in flight; `latency`: fastest first response recently; `cost`: cheapest by price; `usage`: fewest tokens in the last minute.",
    default: "priority",
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
      "Failures within a minute that start the cooldown of a member. Invalid requests do not count; a 429 or a refused key starts it at once.",
    default: 3,
  }),
  cooldown: duration("How long a member is not tried.", { default: 5, examples: ["30s"] }),
  fallback_models: texts().meta({
    description: "Entries tried in order when no member can answer.",
    examples: [["local"]],
  }),
}).meta({ id: "Group", description: "Entries that share the calls of one name." });

const STORE_ERROR = 'must be "memory" or "state"; with "state", answers are kept in the store of [state]';

export const semanticSection = table({
  model: text().meta({
    description:
      "The entry that computes the embeddings; with the function `embed` of the factory, the name that it is given. Required.",
    examples: ["embedder"],
  }),
  threshold: share().meta({
    description: "Cosine similarity from which a stored answer is used, 0 to 1.",
    default: 0.92,
    examples: [0.97],
  }),
  timeout: duration("Longest time to wait for the embedding of a question; then the request is sent.", {
    default: 2,
    examples: ["500ms"],
  }),
}).meta({
  description: "Answers of similar calls are given again: calls that differ only in the text of the last message.",
  examples: [{ model: "embedder" }],
});

export const cacheSection = table({
  store: z.enum(["memory", "state"], { error: STORE_ERROR }).meta({
    description: "Where answers are stored. memory: in this process. state: where `[state]` is, for all its processes.",
    default: "memory",
  }),
  ttl: duration("How long an answer is reused.", {
    default: 3_600,
    examples: ["1h"],
  }),
  max_entries: count(1).meta({
    description: "Maximum answers; the least recently used one is removed first.",
    default: 1_000,
  }),
  max_bytes: size(
    "Maximum size of all answers, as JSON; the least recently used one is removed first. An answer of more than 8 MiB is not stored.",
    { default: "64MiB", examples: ["256MiB"] },
  ),
  namespace: text().meta({
    description: "Part of every cache key: change it to start with an empty cache.",
    default: "default",
  }),
  semantic: semanticSection,
}).meta({ description: "Answers of equal requests are given again without a request. No cache without this table." });

export const auditSection = table({
  file: text().meta({
    description: "File to append to; several processes may share it. Readable only by its owner.",
    default: "audit.jsonl",
  }),
  content: flag().meta({
    description: "Also write prompts and answers. Keys are never written.",
    default: false,
  }),
}).meta({
  description:
    "One JSON line for each call, at most a second later: who asked which model, how it ended, its attempts, tokens and cost. No audit without this table.",
});

export const telemetrySection = table({
  otel: flag().meta({
    description: "OpenTelemetry spans and metrics under the GenAI names. Needs the package @opentelemetry/api.",
    default: false,
  }),
}).meta({ description: "What is reported to OpenTelemetry." });

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
/** Python's names of log levels. */
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
      description: "Lowest level that is logged; upper case and Python's WARNING, CRITICAL and NOTSET are accepted.",
      default: "warn",
      examples: ["info", "WARNING"],
    }),
  format: oneOf('"text", "json" or a pattern with %(asctime)s, %(name)s, %(levelname)s, %(message)s', [
    z.enum(["text", "json"]),
    z.string().regex(/%\(message\)s/, { error: 'must be "text", "json" or a pattern that contains %(message)s' }),
  ]).meta({
    description:
      "Lines of text, one JSON object per line, or a pattern with %(asctime)s, %(name)s, %(levelname)s and %(message)s.",
    default: "text",
    examples: ["json", "%(asctime)s - %(name)s - %(levelname)s - %(message)s"],
  }),
  file: text().meta({
    description: "File to append to. Default: stderr.",
    examples: ["modelwright.log"],
  }),
  log_content: flag().meta({
    description: "Also log prompts and answers. Keys are never logged.",
    default: false,
  }),
}).meta({ description: "What is logged, how and where." });

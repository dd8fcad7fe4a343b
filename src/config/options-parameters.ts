import * as z from "zod";
import { EFFORTS } from "../core/request.ts";
import { type Options, option } from "./option.ts";
import { messages, responseFormat, responseFormatOf } from "./schema-tools.ts";
import { count, flag, oneOf, share, size, table, text, texts } from "./schema-values.ts";

const penalty = () => z.number().min(-2).max(2);

const maxNewTokens = count(1).meta({
  description: "Maximum tokens of an answer, including reasoning. Default: the model's own limit.",
  examples: [4096],
});

/** Request parameters. Only those that are set are sent. */
export const parameterOptions = {
  temperature: option(
    z
      .number()
      .min(0)
      .max(2)
      .meta({
        description:
          "Randomness, 0 to 2; 0 is the most repeatable. Reasoning models do not support it: it is left out and reported. Default: the provider's.",
        examples: [0, 0.7],
      }),
    { setting: true },
  ),
  top_p: option(
    share().meta({
      description:
        "Nucleus sampling, 0 to 1: only the most likely tokens up to this total probability. Default: the provider's.",
      examples: [0.95],
    }),
    { setting: true },
  ),
  top_k: option(
    count(1).meta({
      description: "Only the k most likely tokens. Not on OpenAI's own API. Default: the provider's.",
      examples: [40],
    }),
    { setting: true },
  ),
  max_new_tokens: option(maxNewTokens, { setting: true }),
  max_tokens: option(maxNewTokens.meta({ description: "Alias of `max_new_tokens`.", examples: [4096] }), {
    aliasOf: "max_new_tokens",
    perCall: true,
  }),
  max_input_tokens: option(
    count(1).meta({
      description:
        "Prompts with more estimated tokens fail with `context_too_long` before any request. Default: the model's context window.",
      examples: [200_000],
    }),
    { setting: true },
  ),
  max_input_bytes: option(
    size("Larger prompts, including attachments, fail with `request_too_large` before any request.", {
      default: "64MiB",
      examples: ["8MiB"],
    }),
    { perCall: true, policy: { type: "number | undefined", of: ({ maxInputBytes }) => maxInputBytes } },
  ),
  batch_size: option(
    count(1).meta({
      description: "Maximum completions of one API call; more samples need several calls.",
      default: 1,
      examples: [5],
    }),
    { affects: "answers", perCall: true, delivery: true, policy: {} },
  ),
  stop: option(
    oneOf("a string or an array of strings", [text(), texts().min(1)]).meta({
      description:
        "Strings that end the answer and are not part of it. If the model does not support them, the library ends the answer there and reports it.",
      examples: ["```", ["\n\n", "END"]],
    }),
    { setting: true, oneOrMany: true },
  ),
  seed: option(
    z.int().meta({ description: "Makes answers more repeatable, if the provider supports it.", examples: [42] }),
    {
      setting: true,
    },
  ),
  frequency_penalty: option(
    penalty().meta({
      description: "-2 to 2: above 0, words become less likely the more often they were used. Default 0.",
      examples: [0.2],
    }),
    { setting: true },
  ),
  presence_penalty: option(
    penalty().meta({
      description: "-2 to 2: above 0, words become less likely once they were used. Default 0.",
      examples: [0.2],
    }),
    { setting: true },
  ),
  logit_bias: option(
    z
      .record(z.string().regex(/^\d+$/, { error: "must be a token id: digits only" }), z.number().min(-100).max(100))
      .meta({
        description: "Bias per token id, -100 (never) to 100 (always).",
        examples: [{ "50256": -100 }],
      }),
    { setting: true, merge: "tables" },
  ),
  logprobs: option(
    flag().meta({
      description: "Request the log probability of each token; see `reply.raw`.",
      default: false,
    }),
    { setting: true },
  ),
  top_logprobs: option(
    count()
      .max(20)
      .meta({
        description: "Also the n most likely alternatives of each token, 0 to 20. Needs `logprobs = true`.",
        examples: [5],
      }),
    { setting: true },
  ),
  reasoning_effort: option(
    oneOf(`one of ${EFFORTS.map((word) => `"${word}"`).join(", ")}, or a number from 0 to 1`, [
      z.enum(EFFORTS),
      share(),
    ]).meta({
      description:
        "How much the model reasons: a level, or 0 to 1 (up to .33 low, up to .66 medium, else high). Default: the model's.",
      examples: ["medium", 0.5],
    }),
    { setting: true, type: "Effort | number" },
  ),
  verbosity: option(
    z.enum(["low", "medium", "high"]).meta({
      description: "How long answers are, if the model supports it. Default: the model's.",
      examples: ["low"],
    }),
    { setting: true },
  ),
  service_tier: option(
    text().meta({
      description: "Price and speed class of the request; the provider's value. Default: the account's.",
      examples: ["flex", "priority"],
    }),
    { setting: true },
  ),
  modalities: option(
    texts()
      .min(1)
      .meta({ description: "Kinds of output to produce.", examples: [["text"]] }),
    { setting: true },
  ),
  prediction: option(
    z.record(z.string(), z.unknown()).meta({
      description: "Text the answer will probably repeat, which makes it faster (OpenAI's `prediction`).",
      examples: [{ type: "content", content: "function add(a, b) {" }],
    }),
    { setting: true, type: "unknown" },
  ),
  system: option(
    text().meta({
      description: 'Instructions before every prompt; "file:PATH" reads them from a file.',
      examples: ["You write TypeScript.", "file:prompts/coder.md"],
    }),
    { affects: "answers", perCall: true },
  ),
  messages: option(
    messages.meta({
      description: "Messages before every prompt, after `system`, such as examples.",
      examples: [
        [
          { role: "user", content: "2+2" },
          { role: "assistant", content: "4" },
        ],
      ],
    }),
    { affects: "answers", type: "readonly EntryMessage[]" },
  ),
  response_format: option(
    responseFormat.meta({
      description: "Format of the answer: text, any JSON, or JSON of a schema. Default: text.",
      examples: [{ type: "json_object" }],
    }),
    { setting: true, type: "ResponseFormat", callType: "ResponseFormatInput", convert: responseFormatOf },
  ),
  user: option(
    text().meta({
      description: "Opaque id of the end user, for the provider's abuse detection.",
      examples: ["user-1234"],
    }),
    { affects: "all", setting: true },
  ),
  metadata: option(
    z
      .record(z.string(), z.string())
      .meta({ description: "Labels stored with the request by the provider.", examples: [{ job: "nightly" }] }),
    { setting: true, merge: "tables" },
  ),
  web_search: option(
    oneOf("true, false or { context_size, max_uses }", [
      flag(),
      table({
        context_size: z
          .enum(["low", "medium", "high"])
          .meta({ description: "How much of the search results the model reads." }),
        max_uses: count(1).meta({ description: "Maximum searches of one answer.", examples: [3] }),
      }),
    ]).meta({ description: "Let the provider search the web. Default false.", examples: [true, { max_uses: 3 }] }),
    { setting: true, merge: "tables" },
  ),
} as const satisfies Options;

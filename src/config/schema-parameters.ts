import * as z from "zod";
import { EFFORTS, keyOf, SETTING_NAMES } from "../core/request.ts";
import { DEFAULTS } from "./defaults.ts";
import { messages, responseFormat, toolChoice, tools } from "./schema-tools.ts";
import { count, flag, oneOf, share, size, table, text, texts } from "./schema-values.ts";

const penalty = () => z.number().min(-2).max(2);

const maxNewTokens = count(1).meta({
  description: "Most tokens of an answer, reasoning included. Default: the model's own limit.",
  examples: [4096],
});

/** What a request says to the model. Nothing is sent that is not given. */
export const parameterShape = {
  temperature: z
    .number()
    .min(0)
    .max(2)
    .meta({
      description:
        "Randomness, 0 to 2; 0 is the most repeatable. Reasoning models have none: there it is left out and reported. Default: the provider's.",
      examples: [0, 0.7],
    }),
  top_p: share().meta({
    description:
      "Nucleus sampling, 0 to 1: only the likeliest tokens of this joint probability. Default: the provider's.",
    examples: [0.95],
  }),
  top_k: count(1).meta({
    description: "Only the k likeliest tokens. Not on OpenAI's own API. Default: the provider's.",
    examples: [40],
  }),
  max_new_tokens: maxNewTokens,
  max_tokens: maxNewTokens.meta({ description: "Another name of `max_new_tokens`.", examples: [4096] }),
  max_input_tokens: count(1).meta({
    description:
      "Prompts estimated above this many tokens are refused as `context_too_long` before any request. Default: none; only prompts that cannot possibly fit the model's window are refused.",
    examples: [200_000],
  }),
  max_input_bytes: size(
    "Larger prompts, attachments included, are refused as `request_too_large` before any request.",
    { default: DEFAULTS.max_input_bytes, examples: ["8MiB"] },
  ),
  batch_size: count(1).meta({
    description: "Most completions one API call is asked for; more samples than this are several calls.",
    default: DEFAULTS.batch_size,
    examples: [5],
  }),
  stop: oneOf("text or a list of texts", [text(), texts().min(1)]).meta({
    description:
      "Texts that end the answer; they are not part of it. Where a model takes none, the answer is cut at them on this side, and that is reported.",
    examples: ["```", ["\n\n", "END"]],
  }),
  seed: z.int().meta({ description: "Makes answers more repeatable where the provider can.", examples: [42] }),
  frequency_penalty: penalty().meta({
    description: "-2 to 2: above 0, words become less likely the more often they were used. Default 0.",
    examples: [0.2],
  }),
  presence_penalty: penalty().meta({
    description: "-2 to 2: above 0, words become less likely once they were used. Default 0.",
    examples: [0.2],
  }),
  logit_bias: z
    .record(z.string().regex(/^\d+$/, { error: "must be a token id: digits only" }), z.number().min(-100).max(100))
    .meta({
      description: "Bias per token id, -100 (never) to 100 (always).",
      examples: [{ "50256": -100 }],
    }),
  logprobs: flag().meta({
    description: "Ask for the log probability of each token; found in `reply.raw`.",
    default: false,
  }),
  top_logprobs: count()
    .max(20)
    .meta({
      description: "Also the n likeliest alternatives of each token, 0 to 20. Needs `logprobs = true`.",
      examples: [5],
    }),
  reasoning_effort: oneOf(`one of ${EFFORTS.map((word) => `"${word}"`).join(", ")}, or a number from 0 to 1`, [
    z.enum(EFFORTS),
    share(),
  ]).meta({
    description:
      "How much the model thinks first: a word, or 0 to 1 (up to .33 low, up to .66 medium, else high). Default: the model's.",
    examples: ["medium", 0.5],
  }),
  verbosity: z.enum(["low", "medium", "high"]).meta({
    description: "How long answers are, where the model can be told. Default: the model's.",
    examples: ["low"],
  }),
  service_tier: text().meta({
    description: "Price and speed class of the request, in the provider's words. Default: the account's.",
    examples: ["flex", "priority"],
  }),
  modalities: texts()
    .min(1)
    .meta({ description: "Kinds of output to produce.", examples: [["text"]] }),
  prediction: z.record(z.string(), z.unknown()).meta({
    description: "Text the answer will probably repeat, which makes it faster (OpenAI's `prediction`).",
    examples: [{ type: "content", content: "function add(a, b) {" }],
  }),
  system: text().meta({
    description: 'Instructions put before every prompt; "file:PATH" reads them from a file.',
    examples: ["You write TypeScript.", "file:prompts/coder.md"],
  }),
  messages: messages.meta({
    description: "Messages put before every prompt, after `system`: examples, for instance.",
    examples: [
      [
        { role: "user", content: "2+2" },
        { role: "assistant", content: "4" },
      ],
    ],
  }),
  response_format: responseFormat.meta({
    description: "Shape of the answer: text, any JSON, or JSON of a schema. Default: text.",
    examples: [{ type: "json_object" }],
  }),
  user: text().meta({
    description: "Opaque id of the end user, passed on for the provider's abuse detection.",
    examples: ["user-1234"],
  }),
  metadata: z
    .record(z.string(), z.string())
    .meta({ description: "Labels stored with the request by the provider.", examples: [{ job: "nightly" }] }),
  web_search: oneOf("true, false or { context_size, max_uses }", [
    flag(),
    table({
      context_size: z
        .enum(["low", "medium", "high"])
        .meta({ description: "How much of the found pages the model reads." }),
      max_uses: count(1).meta({ description: "Most searches of one answer.", examples: [3] }),
    }),
  ]).meta({ description: "Let the provider search the web. Default false.", examples: [true, { max_uses: 3 }] }),
} as const;

const parameterNames = z.array(z.enum([...SETTING_NAMES.map(keyOf), "max_tokens"]));

/** How requests are built and answers are treated. */
export const featureShape = {
  prompt_cache: oneOf("true, false or { ttl, points }", [
    flag(),
    table({
      ttl: z.enum(["5m", "1h"]).meta({ description: "How long the provider keeps a prefix.", default: "5m" }),
      points: z.array(z.enum(["system", "tools", "first-user", "last-user"])).meta({
        description: "What ends a cached prefix.",
        examples: [["system", "tools"]],
      }),
    }),
  ]).meta({
    description: "Mark prompt prefixes for the provider's cache, where it wants marks. Default false.",
    examples: [true, { ttl: "1h", points: ["system", "tools"] }],
  }),
  stream: flag().meta({
    description:
      "Use the streaming wire for codegen() too. On by itself with `first_token_timeout`, and on Anthropic's wire with a `max_new_tokens` above 21333.",
    default: DEFAULTS.stream,
  }),
  tools: tools.meta({
    description: "Functions the model may call, in OpenAI's shape or flat.",
    examples: [
      [
        {
          type: "function",
          function: {
            name: "read_file",
            description: "Reads a file.",
            parameters: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
          },
        },
      ],
    ],
  }),
  tool_choice: toolChoice.meta({
    description: "Whether and which tool must be called. Default auto.",
    examples: ["auto", "required", { name: "read_file" }],
  }),
  parallel_tool_calls: flag().meta({
    description: "false: at most one tool call per answer. Default: the provider's (true).",
    examples: [false],
  }),
  drop_params: flag().meta({
    description:
      "Leave out parameters the model lacks and say so in `reply.adjustments`; false: such a request is refused as `unsupported`.",
    default: DEFAULTS.drop_params,
  }),
  modify_params: flag().meta({
    description: "Also change values the model cannot take (clamp, merge, lower) and say so in `reply.adjustments`.",
    default: DEFAULTS.modify_params,
  }),
  drop: parameterNames.meta({
    description: "Parameters never sent to this model, by their name here.",
    examples: [["temperature"]],
  }),
  allow: parameterNames.meta({
    description: "Parameters always sent, even where the model is thought to lack them.",
    examples: [["seed"]],
  }),
  strict: flag().meta({
    description: "No automatic change of a request at all: what would be dropped or changed is `unsupported`.",
    default: DEFAULTS.strict,
  }),
  repair: count().meta({
    description: "How often object() asks again when an answer does not satisfy its schema.",
    default: DEFAULTS.repair,
  }),
  continue_on_length: count().meta({
    description:
      "How often the model is asked to go on when an answer ran into its token limit; the pieces are joined. Not for JSON answers and tool calls.",
    default: DEFAULTS.continue_on_length,
    examples: [3],
  }),
  strip_special_tokens: oneOf("true, false, a list of tokens or { tokens, where }", [
    flag(),
    texts(),
    table({
      tokens: texts().meta({ description: "Your own list. Default: the usual ones." }),
      where: z.enum(["end", "edges", "anywhere"]).meta({
        description: "Only at the end of the text, at both its ends, or wherever they stand.",
        default: "end",
      }),
    }),
  ]).meta({
    description:
      "Remove leaked control tokens (<|im_end|> and the like) from the end of answers: true for the usual ones, or your own list. A table also says where; inside a text they may be what it is about.",
    default: DEFAULTS.strip_special_tokens,
    examples: [true, ["<|endoftext|>"], { where: "anywhere" }],
  }),
} as const;

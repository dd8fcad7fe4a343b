import * as z from "zod";
import { stripTokensOf } from "../core/special-tokens.ts";
import { type Options, option } from "./option.ts";
import { parameterOptions } from "./options-parameters.ts";
import { toolChoice, toolChoiceOf, tools, toolsOf } from "./schema-tools.ts";
import { count, flag, oneOf, table, texts } from "./schema-values.ts";

/** Features that are part of the request, as parameters are. */
const sent = {
  prompt_cache: option(
    oneOf("true, false or { ttl, points }", [
      flag(),
      table({
        ttl: z.enum(["5m", "1h"]).meta({ description: "How long the provider keeps a prefix.", default: "5m" }),
        points: z.array(z.enum(["system", "tools", "first-user", "last-user"])).meta({
          description: "The ends of cached prefixes.",
          examples: [["system", "tools"]],
        }),
      }),
    ]).meta({
      description: "Mark prompt prefixes for the provider's cache, if it needs markers. Default false.",
      examples: [true, { ttl: "1h", points: ["system", "tools"] }],
    }),
    { setting: true, merge: "tables", type: "PromptCache" },
  ),
  tools: option(
    tools.meta({
      description: "Functions the model may call, in OpenAI's format or flat.",
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
    {
      setting: true,
      type: "readonly Tool[]",
      callType: "ToolsInput",
      convert: toolsOf,
    },
  ),
  tool_choice: option(
    toolChoice.meta({
      description: "Whether and which tool must be called. Default auto.",
      examples: ["auto", "required", { name: "read_file" }],
    }),
    {
      setting: true,
      type: "ToolChoice",
      callType: 'ToolChoice | { readonly type: "function"; readonly function: { readonly name: string } }',
      convert: toolChoiceOf,
    },
  ),
  parallel_tool_calls: option(
    flag().meta({
      description: "false: at most one tool call per answer. Default: the provider's (true).",
      examples: [false],
    }),
    { setting: true },
  ),
} as const satisfies Options;

const ALIASES: Readonly<Record<string, string | undefined>> = Object.fromEntries(
  Object.entries(parameterOptions).map(([key, { aliasOf }]) => [key, aliasOf]),
);
const settings = Object.entries({ ...parameterOptions, ...sent }).filter(([, { setting }]) => setting === true);
const parameterNames = z.array(
  z.enum([...settings.map(([key]) => key), ...Object.keys(ALIASES).filter((key) => ALIASES[key] !== undefined)]),
);

function withoutAliases(names: readonly string[]): readonly string[] {
  return names.map((name) => ALIASES[name] ?? name);
}

const NOTHING_STRIPPED = { tokens: [], where: "end" } as const;

/** How requests are built and answers are processed. */
export const featureOptions = {
  prompt_cache: sent.prompt_cache,
  stream: option(
    flag().meta({
      description:
        "Use the streaming wire for codegen() too. Automatic with `first_token_timeout`, and on Anthropic's wire with a `max_new_tokens` above 21333.",
      default: false,
    }),
    { affects: "answers", perCall: true, policy: { type: "boolean | undefined", of: ({ stream }) => stream } },
  ),
  tools: sent.tools,
  tool_choice: sent.tool_choice,
  parallel_tool_calls: sent.parallel_tool_calls,
  drop_params: option(
    flag().meta({
      description:
        "Leave out unsupported parameters and report them in `reply.adjustments`; false: such a request fails with `unsupported`.",
      default: true,
    }),
    { perCall: true, adaptation: {} },
  ),
  modify_params: option(
    flag().meta({
      description: "Also change unsupported values (clamp, merge, lower) and report them in `reply.adjustments`.",
      default: true,
    }),
    { perCall: true, adaptation: {} },
  ),
  drop: option(
    parameterNames.meta({
      description: "Parameters never sent to this model, by their name here.",
      examples: [["temperature"]],
    }),
    {
      perCall: true,
      type: "readonly string[]",
      convert: withoutAliases,
      adaptation: { type: "readonly string[]", of: ({ drop }) => drop ?? [] },
    },
  ),
  allow: option(
    parameterNames.meta({
      description: "Parameters always sent, even if the catalog says that the model does not support them.",
      examples: [["seed"]],
    }),
    {
      perCall: true,
      type: "readonly string[]",
      convert: withoutAliases,
      adaptation: { type: "readonly string[]", of: ({ allow }) => allow ?? [] },
    },
  ),
  client_fields: option(
    z.array(z.string().min(1)).meta({
      description:
        "Fields that clients of the gateway may send to this provider even though the vendor's API does not define them. Others are left out and reported; the vendor itself gets all of them.",
      examples: [["chat_template_kwargs"]],
    }),
    {
      type: "readonly string[]",
      adaptation: { type: "readonly string[]", of: ({ clientFields }) => clientFields ?? [] },
    },
  ),
  strict: option(
    flag().meta({
      description: "No automatic change of a request: it fails with `unsupported` instead.",
      default: false,
    }),
    { perCall: true, adaptation: {} },
  ),
  repair: option(
    count().meta({
      description: "How often object() asks again if an answer does not match its schema.",
      default: 0,
    }),
    { affects: "answers", perCall: true, delivery: true, policy: {} },
  ),
  continue_on_length: option(
    count().meta({
      description:
        "How often the model is asked to continue an answer truncated by the token limit; the parts are joined. Not for JSON answers and tool calls.",
      default: 0,
      examples: [3],
    }),
    { affects: "answers", perCall: true, policy: {} },
  ),
  dimensions: option(
    count(1).meta({
      description: "Length of the vectors of embed(). Default: the model's own.",
      examples: [512],
    }),
    { affects: "embeddings", policy: {} },
  ),
  embed_batch_size: option(
    count(1).meta({
      description:
        "Maximum texts of one request of embed(); more texts need several. Default: the provider's limit, or 32 if it is unknown.",
      examples: [256],
    }),
    { affects: "embeddings", policy: {} },
  ),
  strip_special_tokens: option(
    oneOf("true, false, an array of tokens or { tokens, where }", [
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
        "Remove leaked control tokens (such as <|im_end|>) from the end of answers: true for the usual ones, or your own array. A table also sets where; inside the text they may be content.",
      default: false,
      examples: [true, ["<|endoftext|>"], { where: "anywhere" }],
    }),
    {
      affects: "answers",
      perCall: true,
      type: "StripSpecialTokens",
      policy: {
        name: "stripTokens",
        type: "StripTokens",
        of: ({ stripSpecialTokens }) => stripTokensOf(stripSpecialTokens) ?? NOTHING_STRIPPED,
      },
    },
  ),
} as const satisfies Options;

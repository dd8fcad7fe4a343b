import type { Expectation } from "../expectation.ts";
import { ALL, ANTHROPIC, CHAT, GOOGLE, RECOVERED, RESPONSES, TRIED_THRICE } from "./wires.ts";

const choice = (delta: object, finish: string | null = null) => ({
  id: "c",
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const call = (index: number | undefined, id: string | undefined, name: string | undefined, json: string) =>
  choice({
    tool_calls: [
      {
        ...(index !== undefined && { index }),
        ...(id !== undefined && { id, type: "function" }),
        function: { ...(name !== undefined && { name }), arguments: json },
      },
    ],
  });
const calls = (...chunks: readonly object[]) =>
  [
    ["sse"],
    ...chunks.map((chunk) => ["data", chunk] as const),
    ["data", choice({}, "tool_calls")],
    ["data", "[DONE]"],
    ["end"],
  ] as const;

export const TOOLS: readonly Expectation[] = [
  {
    id: "own-F06-cut",
    wire: "a tool call that the token limit cut",
    does: "`invalid_tool_call` that says what to raise; no retry",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [["sse"], ["data", call(0, "a", "f", '{"x":')], ["data", choice({}, "length")], ["data", "[DONE]"], ["end"]],
        ],
        both: { code: "invalid_tool_call", says: ["max_new_tokens"] },
      },
    ],
  },
  {
    id: "own-F09-ids",
    wire: "two calls with the same id; a call in the old `function_call` field",
    does: "two calls with ids of their own; one call",
    runs: [
      {
        wires: CHAT,
        attempts: [calls(call(0, "a", "f", '{"x":1}'), call(1, "a", "g", '{"y":1}'))],
        both: {
          finish: "tool-calls",
          toolCalls: [
            ["f", { x: 1 }],
            ["g", { y: 1 }],
          ],
        },
      },
      {
        wires: CHAT,
        attempts: [
          [
            ["sse"],
            ["data", choice({ function_call: { name: "f", arguments: '{"x":1}' } })],
            ["data", choice({}, "function_call")],
            ["end"],
          ],
        ],
        both: { finish: "tool-calls", toolCalls: [["f", { x: 1 }]] },
      },
    ],
  },
  {
    id: "F01",
    wire: "parallel tool calls whose fragments alternate, with an id only on the first",
    does: "two calls, each with its arguments",
    runs: [
      {
        wires: CHAT,
        both: {
          finish: "tool-calls",
          toolCalls: [
            ["ta", { t: "A" }],
            ["tb", { t: "B" }],
          ],
        },
      },
    ],
  },
  {
    id: "F02",
    wire: "two calls under the same index, with ids of their own",
    does: "two calls",
    runs: [
      {
        wires: CHAT,
        both: {
          finish: "tool-calls",
          toolCalls: [
            ["f", { p: "a" }],
            ["f", { p: "b" }],
          ],
        },
      },
    ],
  },
  {
    id: "F04",
    wire: "a continuation under a new index, without an id",
    does: "added to the only open call, and reported",
    runs: [{ wires: CHAT, both: { finish: "tool-calls", toolCalls: [["f", { x: 1 }]], adjusted: ["tools"] } }],
  },
  {
    id: "F05",
    wire: "a tool call without an id",
    does: "gets one that every provider takes back",
    runs: [{ wires: CHAT, both: { finish: "tool-calls", toolCalls: [["f", {}]] } }],
  },
  {
    id: "F07",
    wire: "a finish reason of `stop` though there are tool calls",
    does: "`tool-calls`; the provider's word is in `rawFinishReason`",
    runs: [{ wires: CHAT, both: { finish: "tool-calls", toolCalls: [["f", {}]] } }],
  },
  {
    id: "F08",
    wire: "a history whose tool results are missing, orphaned or out of order",
    does: "put in order or refused here: nothing illegal is sent",
  },
  {
    id: "F10",
    wire: "Gemini refuses keywords of a tool's schema",
    does: "the schema is lowered; what is lost is reported",
  },
  {
    id: "F11",
    wire: "Gemini wants the thought signatures of its calls back",
    does: "they go back byte for byte, on their parts",
  },
  {
    id: "own-F03",
    wire: "a finish reason of `tool_calls` without a call",
    does: "`protocol_error`",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [
            ["sse"],
            ["data", choice({ content: "hi" })],
            ["data", choice({}, "tool_calls")],
            ["data", "[DONE]"],
            ["end"],
          ],
        ],
        both: { code: "protocol_error", partial: "hi" },
        codegen: { requests: 2 },
      },
    ],
  },
  {
    id: "own-F06",
    wire: "arguments that are no JSON; none at all",
    does: "`invalid_tool_call`; `{}`",
    runs: [
      {
        wires: CHAT,
        attempts: [calls(call(0, "a", "f", '{"x":'))],
        both: { code: "invalid_tool_call" },
        codegen: { requests: 2 },
      },
      { wires: CHAT, attempts: [calls(call(0, "a", "f", ""))], both: { finish: "tool-calls", toolCalls: [["f", {}]] } },
    ],
  },
  {
    id: "own-F09",
    wire: "text beside tool calls; an id and a name repeated in every fragment; empty ids",
    does: "one call",
    runs: [
      {
        wires: CHAT,
        attempts: [calls(choice({ content: "Let me see." }), call(0, "a", "f", '{"x"'), call(0, "a", "f", ":1}"))],
        both: { text: "Let me see.", finish: "tool-calls", toolCalls: [["f", { x: 1 }]] },
      },
      {
        wires: CHAT,
        attempts: [calls(call(0, "a", "f", '{"x"'), call(0, "", undefined, ":1}"))],
        both: { finish: "tool-calls", toolCalls: [["f", { x: 1 }]] },
      },
    ],
  },
];

const gemini = (finishReason: string, text?: string) => ({
  candidates: [{ content: { role: "model", ...(text !== undefined && { parts: [{ text }] }) }, finishReason }],
});

export const CONTENT: readonly Expectation[] = [
  {
    id: "C01",
    wire: "no content, a refusal",
    does: "a reply with finish reason `refusal` and the words; object() throws `refused`",
    note: "the catalogue lets codegen() throw; in this library a refusal is an answer",
    runs: [{ wires: CHAT, both: { text: "", finish: "refusal", refusal: "I can't help with that." } }],
  },
  {
    id: "C03",
    wire: "the limit was reached before any text: all of it went to thinking",
    does: "`empty_response` that says so and what to change; no retry",
    note: "the catalogue has a class of its own; here it is `empty_response`",
    runs: [{ wires: GOOGLE, both: { code: "empty_response", says: ["1000", "max_new_tokens"] } }],
  },
  {
    id: "C04",
    wire: "Gemini blocks the prompt: no candidates",
    does: "`content_filtered` with the reason",
    runs: [{ wires: GOOGLE, both: { code: "content_filtered", says: ["PROHIBITED_CONTENT"] } }],
  },
  {
    id: "C06",
    wire: "Anthropic wants thinking blocks back as they were",
    does: "they go back byte for byte and in order; to another provider none goes",
  },
  {
    id: "C07",
    wire: "DeepSeek wants its reasoning back beside tool calls",
    does: "it goes back with the message it came with",
  },
  {
    id: "C09",
    wire: "a special token of the model at the end of the text, over two deltas",
    does: "removed with `strip_special_tokens`, only at the end of the text; without the key it is left alone",
    runs: [
      { wires: CHAT, keys: "strip_special_tokens = true", both: { text: "done", finish: "stop" } },
      { wires: CHAT, both: { text: "done<|im_end|>", finish: "stop" } },
    ],
  },
  { id: "C10", wire: "half a surrogate pair in the prompt", does: "sent as U+FFFD, reported" },
  {
    id: "C12",
    wire: "Gemini stops for RECITATION after some text",
    does: "`content_filtered` with the partial",
    runs: [{ wires: GOOGLE, both: { code: "content_filtered", partial: "he", says: ["RECITATION"] } }],
  },
  {
    id: "own-C02",
    wire: "a refusal over several deltas; Anthropic's stop reason `refusal`",
    does: "a reply with finish reason `refusal`",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [["sse"], ["data", choice({ refusal: "I " })], ["data", choice({ refusal: "won't." }, "stop")], ["end"]],
        ],
        both: { finish: "refusal", refusal: "I won't." },
      },
      {
        wires: ANTHROPIC,
        attempts: [
          [
            [
              "json",
              {
                id: "m",
                type: "message",
                role: "assistant",
                content: [{ type: "text", text: "No." }],
                stop_reason: "refusal",
                usage: { input_tokens: 1, output_tokens: 1 },
              },
            ],
          ],
        ],
        both: { finish: "refusal" },
      },
    ],
  },
  {
    id: "own-C03",
    wire: "the limit was reached with some text",
    does: "a reply with finish reason `length`",
    runs: [
      {
        wires: CHAT,
        attempts: [[["sse"], ["data", choice({ content: "par" }, "length")], ["end"]]],
        both: { text: "par", finish: "length" },
      },
      { wires: GOOGLE, attempts: [[["json", gemini("MAX_TOKENS", "par")]]], both: { text: "par", finish: "length" } },
    ],
  },
  {
    id: "own-C05",
    wire: "a finish reason of `content_filter`, with and without text",
    does: "`content_filtered` with the partial",
    runs: [
      {
        wires: CHAT,
        attempts: [[["sse"], ["data", choice({ content: "par" })], ["data", choice({}, "content_filter")], ["end"]]],
        both: { code: "content_filtered", partial: "par" },
      },
      {
        wires: CHAT,
        attempts: [
          [
            ["status", 400],
            [
              "json",
              {
                error: {
                  message:
                    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
                  code: "content_filter",
                },
              },
            ],
          ],
        ],
        both: { code: "content_filtered", status: 400 },
      },
      {
        wires: RESPONSES,
        attempts: [
          [
            [
              "json",
              {
                id: "r",
                object: "response",
                status: "incomplete",
                incomplete_details: { reason: "content_filter" },
                output: [],
              },
            ],
          ],
        ],
        both: { code: "content_filtered" },
      },
    ],
  },
  {
    id: "own-C08",
    wire: "an answer of nothing: empty content, finish reason stop",
    does: "`empty_response`",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [["json", { choices: [{ index: 0, message: { role: "assistant", content: "" }, finish_reason: "stop" }] }]],
        ],
        both: { code: "empty_response", requests: 2 },
      },
      { wires: GOOGLE, attempts: [[["json", gemini("STOP")]]], both: { code: "empty_response", requests: 2 } },
    ],
  },
  {
    id: "own-C08-unknown",
    wire: "an answer of nothing that ends for no reason one knows: a role and `[DONE]`, Gemini's OTHER",
    does: "`empty_response`",
    runs: [
      {
        wires: CHAT,
        attempts: [[["sse"], ["data", choice({ role: "assistant", content: "" })], ["data", "[DONE]"], ["end"]]],
        both: { code: "empty_response", requests: 2 },
      },
      { wires: GOOGLE, attempts: [[["json", gemini("OTHER")]]], both: { code: "empty_response", requests: 2 } },
    ],
  },
  {
    id: "own-F03-google",
    wire: "Gemini ends with MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL or TOO_MANY_TOOL_CALLS",
    does: "`invalid_tool_call`",
    runs: ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"].map((reason) => ({
      wires: GOOGLE,
      attempts: [[["json", gemini(reason)]]] as const,
      both: { code: "invalid_tool_call" as const, says: [reason], requests: 2 },
    })),
  },
  {
    id: "own-C11",
    wire: "Gemini stops for SAFETY, SPII, BLOCKLIST, LANGUAGE, PROHIBITED_CONTENT",
    does: "`content_filtered` with the partial",
    runs: ["SAFETY", "SPII", "BLOCKLIST", "LANGUAGE", "PROHIBITED_CONTENT"].map((reason) => ({
      wires: GOOGLE,
      attempts: [
        [
          ["sse"],
          ["data", { candidates: [{ content: { role: "model", parts: [{ text: "he" }] } }] }],
          ["data", gemini(reason)],
          ["end"],
        ],
      ] as const,
      both: { code: "content_filtered" as const, partial: "he", says: [reason] },
    })),
  },
];

const refusedWith = (status: number, message: string) =>
  [
    [
      ["status", status],
      ["json", { error: { message } }],
    ],
  ] as const;

export const REQUESTS: readonly Expectation[] = [
  {
    id: "V01",
    wire: "the window is exceeded, in the words of twenty providers",
    does: "`context_too_long`, which has fallbacks of its own; words that only sound like it are not",
    note: "ModelError has no fields for limit and size: the provider's words carry the numbers",
  },
  {
    id: "V03",
    wire: "OpenAI refuses `max_tokens`, `temperature` or `stop` for a reasoning model",
    does: "the catalog knows: renamed or left out before sending, and reported",
  },
  {
    id: "V04",
    wire: "Anthropic refuses a thinking budget that does not fit max_tokens",
    does: "never sent: the budget is fitted, or the file is refused",
  },
  {
    id: "V06",
    wire: "Anthropic refuses empty text, equal roles in a row, a system role",
    does: "never sent: the history is put in order",
  },
  {
    id: "V07",
    wire: "404: the model does not exist",
    does: "`not_found` that names the key of models.toml; no retry",
    runs: [{ wires: ALL, both: { code: "not_found", status: 404, says: ["gpt-9", "models.m"] } }],
  },
  {
    id: "V09",
    wire: "a 429 whose body is an array",
    does: "`rate_limited` with the message found",
    runs: [{ wires: ALL, both: { code: "rate_limited", says: ["Resource exhausted"], ...TRIED_THRICE } }],
  },
  {
    id: "V10",
    wire: "413: the request has too many bytes",
    does: "`request_too_large` with the size; no retry",
    runs: [{ wires: ALL, both: { code: "request_too_large", status: 413, says: ["maximum size", "bytes"] } }],
  },
  {
    id: "own-V02",
    wire: "401 and 403 in each provider's shape",
    does: "`unauthorized`, `forbidden`; no retry",
    runs: [
      {
        wires: ALL,
        attempts: refusedWith(401, "Incorrect API key provided"),
        both: { code: "unauthorized", status: 401 },
      },
      { wires: ALL, attempts: refusedWith(403, "not allowed"), both: { code: "forbidden", status: 403 } },
    ],
  },
  {
    id: "own-V05",
    wire: "400 and 422 that name a parameter",
    does: "`invalid_request` with the words; no retry",
    runs: [
      {
        wires: ALL,
        attempts: refusedWith(400, "temperature must be <= 1"),
        both: { code: "invalid_request", says: ["temperature must be"] },
      },
      {
        wires: ALL,
        attempts: [
          [
            ["status", 422],
            ["json", { detail: [{ loc: ["body", "top_p"], msg: "value is not a valid float" }] }],
          ],
        ],
        both: { code: "invalid_request", says: ["not a valid float"] },
      },
    ],
  },
  {
    id: "own-V08",
    wire: "errors as a text, `{message}`, `{errors}`, `{code,msg}`, JSON within JSON",
    does: "the message is found",
    runs: [
      [["status", 429, { "content-type": "text/plain" }], ["raw", "the real words"], ["fin"]],
      [
        ["status", 429],
        ["json", { message: "the real words" }],
      ],
      [
        ["status", 429],
        ["json", { errors: [{ message: "the real words" }] }],
      ],
      [
        ["status", 429],
        ["json", { code: 1302, msg: "the real words" }],
      ],
      [
        ["status", 429],
        ["json", { detail: "the real words" }],
      ],
      [
        ["status", 429],
        ["json", { error: "the real words" }],
      ],
      [
        ["status", 429],
        ["json", { error: { message: '{"error":{"message":"the real words"}}' } }],
      ],
      [
        ["status", 429],
        ["json", "the real words"],
      ],
    ].map((script) => ({
      wires: ALL,
      attempts: [script] as never,
      both: { code: "rate_limited" as const, says: ["the real words"], ...TRIED_THRICE },
    })),
  },
];

export const MONEY: readonly Expectation[] = [
  {
    id: "B04",
    wire: "Anthropic's usage at the start and again at the end",
    does: "counted once: 27 in, 100 from the cache, 47 out",
    runs: [
      { wires: ANTHROPIC, both: { text: "x", usage: { input: 27, cacheRead: 100, output: 47, estimated: false } } },
    ],
  },
  {
    id: "B06",
    wire: "a provider whose first usage includes what its last one lists as cached",
    does: "the last one counts: 100 in, 900 from the cache",
    runs: [{ wires: ANTHROPIC, both: { text: "x", usage: { input: 100, cacheRead: 900, output: 5 } } }],
  },
  {
    id: "B07",
    wire: "a reset in the middle of a body, then an answer",
    does: "two rows in `attempts`; the first is `possiblyBilled`, its cost an estimate",
    runs: [{ wires: ALL, both: { ...RECOVERED, possiblyBilled: [true, false] } }],
  },
  {
    id: "B09",
    wire: "a truncated, failed, filtered, refused or cut answer, then the same prompt",
    does: "none of them is in the cache: the second call asks the provider",
  },
  { id: "B10", wire: "requests that differ in one field", does: "never share an entry of the cache" },
  { id: "B13", wire: "the fallback has a smaller window, or no tools", does: "not asked; the error says why" },
  {
    id: "own-B02",
    wire: "an error answer before the model ran: 400, 401, 429",
    does: "the attempt is not `possiblyBilled`",
    runs: (
      [
        [400, "invalid_request"],
        [401, "unauthorized"],
      ] as const
    ).map(([status, code]) => ({
      wires: ALL,
      attempts: refusedWith(status, "no"),
      both: { code, possiblyBilled: [false] },
    })),
  },
  {
    id: "own-B05",
    wire: "cached tokens within OpenAI's prompt_tokens; Gemini's thoughts beside its candidates",
    does: "input without the cached ones; reasoning a part of output",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [
            [
              "json",
              {
                choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
                usage: {
                  prompt_tokens: 100,
                  completion_tokens: 10,
                  total_tokens: 110,
                  prompt_tokens_details: { cached_tokens: 80 },
                  completion_tokens_details: { reasoning_tokens: 4 },
                },
              },
            ],
          ],
        ],
        both: { usage: { input: 20, cacheRead: 80, output: 10, reasoning: 4, total: 110 } },
      },
      {
        wires: GOOGLE,
        attempts: [
          [
            [
              "json",
              {
                candidates: [{ content: { role: "model", parts: [{ text: "hi" }] }, finishReason: "STOP" }],
                usageMetadata: {
                  promptTokenCount: 100,
                  cachedContentTokenCount: 80,
                  candidatesTokenCount: 6,
                  thoughtsTokenCount: 4,
                  totalTokenCount: 110,
                },
              },
            ],
          ],
        ],
        both: { usage: { input: 20, cacheRead: 80, output: 10, reasoning: 4, total: 110 } },
      },
    ],
  },
];

export const CLIENT: readonly Expectation[] = [
  { id: "L01", wire: "a thousand calls with one AbortSignal", does: "no listener is left, no warning" },
  {
    id: "L02",
    wire: "the caller aborts during the wait before a retry",
    does: "`aborted` within 20 ms; no further request",
  },
  {
    id: "L04",
    wire: "one slot, two streams; a stream that fails midway",
    does: "the slot is held until the stream settles; the failure counts for the breaker",
  },
  {
    id: "L05",
    wire: "400s; a probe of a half-open breaker that meets a 400; a waiter that aborts",
    does: "mistakes of the caller never open a breaker; waiters abort at once",
  },
  {
    id: "L07",
    wire: "the reader leaves after the first delta",
    does: "the server sees the close at once; what was used is booked",
  },
  { id: "L08", wire: "a stream that nobody reads", does: "no request is made before the first pull" },
  { id: "L10", wire: "a fast server, a slow reader", does: "the socket is paused; memory does not grow" },
  {
    id: "L11",
    wire: "429 for ever, three retries, one fallback",
    does: "four requests to each model; the SDKs retry nothing",
  },
  { id: "L13", wire: "a process that made one call", does: "ends within 100 ms of `factory.close()`" },
  {
    id: "L14",
    wire: "an abort that races with an error, a timeout that races with success",
    does: "exactly one outcome",
  },
];

export const SECURITY: readonly Expectation[] = [
  { id: "X01", wire: "`__proto__` as the name of a model", does: "ConfigError; Object.prototype is unchanged" },
  { id: "X02", wire: "TOML bombs: deep keys, many keys, long texts", does: "ConfigError within 100 ms" },
  {
    id: "X04",
    wire: "a key with a line end, a missing variable",
    does: "ConfigError that names the variable and never shows the key",
  },
  { id: "X05", wire: "a 401 that echoes the key", does: "the key is in no error, log or inspection" },
  { id: "X07", wire: "a redirect to another origin", does: "`redirect_blocked`; the other origin sees nothing" },
  {
    id: "X08",
    wire: "extra_headers with line ends, other alphabets or names that are ours",
    does: "ConfigError with the path",
  },
  { id: "X10", wire: "image addresses of internal hosts", does: "the library fetches nothing" },
  { id: "X11", wire: "long hostile texts for every pattern", does: "linear time" },
  {
    id: "X13",
    wire: "paths that lead out of the project; a cache others may read",
    does: "files of this library are 0600; a key that takes a path has no effect elsewhere",
  },
  {
    id: "own-X09",
    wire: "a redirect within the origin, ten redirects, a redirect without a place",
    does: "followed; `redirect_blocked`",
  },
];

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
    wire: "a tool call truncated by the token limit",
    does: "`invalid_tool_call` without a retry; the message says which limit to raise",
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
    does: "two calls with distinct ids; one call",
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
    wire: "parallel tool calls with interleaved fragments, an id only on the first",
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
    wire: "two calls with the same index and different ids",
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
    wire: "a fragment with a new index and no id",
    does: "appended to the only open call and reported",
    runs: [{ wires: CHAT, both: { finish: "tool-calls", toolCalls: [["f", { x: 1 }]], adjusted: ["tools"] } }],
  },
  {
    id: "F05",
    wire: "a tool call without an id",
    does: "gets an id that every provider accepts in a history",
    runs: [{ wires: CHAT, both: { finish: "tool-calls", toolCalls: [["f", {}]] } }],
  },
  {
    id: "F07",
    wire: "the finish reason `stop` with tool calls",
    does: "`tool-calls`; `rawFinishReason` keeps the provider's value",
    runs: [{ wires: CHAT, both: { finish: "tool-calls", toolCalls: [["f", {}]] } }],
  },
  {
    id: "F08",
    wire: "a history whose tool results are missing, orphaned or out of order",
    does: "sorted or rejected before sending",
  },
  {
    id: "F10",
    wire: "Gemini rejects keywords in a tool's schema",
    does: "the schema is simplified; each lost keyword is reported",
  },
  {
    id: "F11",
    wire: "Gemini requires the thought signatures of its calls",
    does: "sent back unchanged, on the same parts",
  },
  {
    id: "own-F03",
    wire: "the finish reason `tool_calls` without a call",
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
    wire: "arguments that are not JSON; no arguments",
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
    wire: "text next to tool calls; the id and name repeated in every fragment; empty ids",
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
    wire: "a refusal instead of content",
    does: "a reply with finish reason `refusal` and its text in `refusal`; object() throws `refused`",
    note: "in the catalog, codegen() throws; here a refusal is a reply",
    runs: [{ wires: CHAT, both: { text: "", finish: "refusal", refusal: "I can't help with that." } }],
  },
  {
    id: "C03",
    wire: "the token limit is reached during reasoning, before any text",
    does: "`empty_response` without a retry; the message says which limit to raise",
    note: "the catalog has a separate error class; here it is `empty_response`",
    runs: [{ wires: GOOGLE, both: { code: "empty_response", says: ["1000", "max_new_tokens"] } }],
  },
  {
    id: "C04",
    wire: "Gemini blocks the prompt and sends no candidates",
    does: "`content_filtered` with the reason",
    runs: [{ wires: GOOGLE, both: { code: "content_filtered", says: ["PROHIBITED_CONTENT"] } }],
  },
  {
    id: "C06",
    wire: "Anthropic requires unchanged thinking blocks",
    does: "sent back unchanged and in order; omitted for other providers",
  },
  {
    id: "C07",
    wire: "DeepSeek requires its reasoning next to tool calls",
    does: "sent back with the same message",
  },
  {
    id: "C09",
    wire: "a special token of the model at the end of the text, split over two deltas",
    does: "removed if `strip_special_tokens` is set, only at the end of the text",
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
    wire: "a refusal split over several deltas; Anthropic's stop reason `refusal`",
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
    wire: "the token limit is reached after some text",
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
    wire: "the finish reason `content_filter`, with and without text",
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
    wire: "empty content with finish reason `stop`",
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
    wire: "empty content with an unknown finish reason: a role and `[DONE]`, Gemini's OTHER",
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
    wire: "the context window is exceeded, in the wording of twenty providers",
    does: "`context_too_long`, which has its own fallbacks; similar messages with another meaning are not matched",
    note: "ModelError has no fields for limit and size; the provider's message has the numbers",
  },
  {
    id: "V03",
    wire: "OpenAI rejects `max_tokens`, `temperature` or `stop` for a reasoning model",
    does: "renamed or omitted before sending, from the model catalog, and reported",
  },
  {
    id: "V04",
    wire: "Anthropic rejects a thinking budget that does not fit into max_tokens",
    does: "never sent: the budget is lowered, or the file is invalid",
  },
  {
    id: "V06",
    wire: "Anthropic rejects empty text, consecutive messages of one role, a system role",
    does: "never sent: the messages are merged or moved",
  },
  {
    id: "V07",
    wire: "404: the model does not exist",
    does: "`not_found` without a retry; the message names the key in models.toml",
    runs: [{ wires: ALL, both: { code: "not_found", status: 404, says: ["gpt-9", "models.m"] } }],
  },
  {
    id: "V09",
    wire: "a 429 with an array as its body",
    does: "`rate_limited` with the message from the array",
    runs: [{ wires: ALL, both: { code: "rate_limited", says: ["Resource exhausted"], ...TRIED_THRICE } }],
  },
  {
    id: "V10",
    wire: "413: the request is too large",
    does: "`request_too_large` without a retry; the message has the size",
    runs: [{ wires: ALL, both: { code: "request_too_large", status: 413, says: ["maximum size", "bytes"] } }],
  },
  {
    id: "own-V02",
    wire: "401 and 403 in each provider's error format",
    does: "`unauthorized`, `forbidden`, without a retry",
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
    wire: "400 and 422 for an invalid parameter",
    does: "`invalid_request` with the provider's message, without a retry",
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
    wire: "errors as a string, `{message}`, `{errors}`, `{code,msg}`, JSON within JSON",
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
    id: "B01",
    wire: "concurrent calls against a budget that holds one of them",
    does: "one request is sent; the other calls fail with `budget_exceeded`",
  },
  {
    id: "B03",
    wire: "an answer that is cut, fails or is left by its reader",
    does: "its reservation is settled: nothing stays reserved",
  },
  {
    id: "B04",
    wire: "Anthropic's usage at the start and at the end",
    does: "counted once: 27 input, 100 cached, 47 output",
    runs: [
      { wires: ANTHROPIC, both: { text: "x", usage: { input: 27, cacheRead: 100, output: 47, estimated: false } } },
    ],
  },
  {
    id: "B06",
    wire: "the first usage includes the tokens that the last one reports as cached",
    does: "the last one counts: 100 input, 900 cached",
    runs: [{ wires: ANTHROPIC, both: { text: "x", usage: { input: 100, cacheRead: 900, output: 5 } } }],
  },
  {
    id: "B07",
    wire: "a reset in the middle of a body, then a complete answer",
    does: "two rows in `attempts`; the first is `possiblyBilled` with an estimated cost",
    runs: [{ wires: ALL, both: { ...RECOVERED, possiblyBilled: [true, false] } }],
  },
  {
    id: "B09",
    wire: "a truncated, failed, filtered or refused answer, then the same prompt",
    does: "not cached: the second call sends a request",
  },
  { id: "B10", wire: "requests that differ in one field", does: "never share an entry of the cache" },
  {
    id: "B12",
    wire: "a process that dies in the middle of a write",
    does: "the next process reads every acknowledged row of the ledger",
  },
  { id: "B13", wire: "the fallback has a smaller context window, or no tools", does: "skipped; the error says why" },
  {
    id: "own-B02",
    wire: "an error before the model ran: 400, 401, 429",
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
    wire: "cached tokens inside OpenAI's prompt_tokens; Gemini's thought tokens outside its candidate tokens",
    does: "`input` excludes cached tokens; `output` includes reasoning",
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
  { id: "L01", wire: "a thousand calls with one AbortSignal", does: "no listener leak, no warning" },
  {
    id: "L02",
    wire: "the caller aborts during the wait before a retry",
    does: "`aborted` within 20 ms, no further request",
  },
  {
    id: "L04",
    wire: "two streams with `max_parallel = 1`; a stream that fails midway",
    does: "the slot is held until the stream ends; the circuit breaker counts the failure",
  },
  {
    id: "L05",
    wire: "several 400s; a 400 for the probe of a half-open breaker; an abort in the queue",
    does: "client errors never open a breaker; a queued call aborts at once",
  },
  {
    id: "L07",
    wire: "the reader leaves after the first delta",
    does: "the socket is closed at once; the usage so far is recorded",
  },
  { id: "L08", wire: "a stream that is never read", does: "no request is sent before the first read" },
  { id: "L10", wire: "a fast server, a slow reader", does: "the socket is paused; memory does not grow" },
  {
    id: "L11",
    wire: "429 for every request, three retries, one fallback",
    does: "four requests to each model; the SDKs do not retry",
  },
  { id: "L13", wire: "a process that made one call", does: "ends within 100 ms of `factory.close()`" },
  {
    id: "L14",
    wire: "an abort that races with an error; a timeout that races with an answer",
    does: "exactly one outcome",
  },
];

export const SECURITY: readonly Expectation[] = [
  { id: "X01", wire: "`__proto__` as the name of a model", does: "ConfigError; Object.prototype is unchanged" },
  { id: "X02", wire: "TOML bombs: deep keys, many keys, long strings", does: "ConfigError within 100 ms" },
  {
    id: "X04",
    wire: "an API key with a line break; a missing environment variable",
    does: "ConfigError that names the variable and does not contain the key",
  },
  { id: "X05", wire: "a 401 that echoes the key", does: "no error, log or inspected value contains the key" },
  { id: "X07", wire: "a redirect to another origin", does: "`redirect_blocked`; nothing is sent to the other origin" },
  {
    id: "X08",
    wire: "extra_headers with line breaks, non-Latin characters or reserved names",
    does: "ConfigError with the path of the key",
  },
  { id: "X10", wire: "image URLs of internal hosts", does: "never fetched by the library" },
  { id: "X11", wire: "long hostile strings for every regular expression", does: "matched in linear time" },
  {
    id: "X13",
    wire: "paths that leave the project; a cache file that others may read",
    does: "files are created with mode 0600; a key that takes a path affects only that file",
  },
  {
    id: "own-X09",
    wire: "a redirect within the origin; ten redirects, a redirect without a location",
    does: "followed; `redirect_blocked`",
  },
];

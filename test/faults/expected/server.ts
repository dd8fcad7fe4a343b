import type { Expectation } from "../expectation.ts";
import { ALL, ANTHROPIC, CHAT, GOOGLE, RECOVERED, RESPONSES, TRIED_THRICE } from "./wires.ts";

const delta = (content: string) => ({ id: "c", choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const page = [
  ["status", 502, { "content-type": "text/html" }],
  ["raw", "<html><title>502 Bad Gateway</title></html>"],
  ["fin"],
] as const;

export const SERVER: readonly Expectation[] = [
  {
    id: "E01",
    wire: "529 `overloaded_error` before the first byte of a response",
    does: "`overloaded`, retried after a backoff with twice the normal base",
    runs: [{ wires: ALL, both: RECOVERED }],
  },
  {
    id: "E02",
    wire: "a stream that ends with `event: error` (overloaded) after some text",
    does: "`overloaded` with the partial; codegen() retries, stream() does not",
    runs: [
      {
        wires: ANTHROPIC,
        both: { code: "overloaded", partial: "par", requestId: "req_1" },
        codegen: TRIED_THRICE,
      },
    ],
  },
  {
    id: "E04",
    wire: "a chunk with an `error` and the `finish_reason` `error`",
    does: "`overloaded` with the partial and the upstream's status",
    runs: [
      {
        wires: CHAT,
        both: { code: "overloaded", status: 502, partial: "par", says: ["Provider disconnected"] },
        codegen: TRIED_THRICE,
      },
    ],
  },
  {
    id: "E05",
    wire: "`event: error` whose data has no `error` key",
    does: "`overloaded` with the partial",
    runs: [{ wires: CHAT, both: { code: "overloaded", partial: "par" }, codegen: TRIED_THRICE }],
  },
  {
    id: "E07",
    wire: "200 with a JSON error in the body",
    does: "`quota_exhausted`, from the error in the body",
    runs: [{ wires: ALL, both: { code: "quota_exhausted", says: ["quota"] } }],
  },
  {
    id: "E08",
    wire: "a streaming request gets 200 `application/json` with an error",
    does: "`server_error`, retried; an empty stream never counts as a success",
    runs: [{ wires: ALL, both: { code: "server_error", says: ["model is loading"], ...TRIED_THRICE } }],
  },
  {
    id: "E10",
    wire: "200 with an HTML page: a captive portal or a wrong base_url",
    does: "`protocol_error` without a retry; the message names the URL and the content type and suggests checking base_url",
    runs: [{ wires: ALL, both: { code: "protocol_error", says: ["http://127.0.0.1:", "text/html", "base_url"] } }],
  },
  {
    id: "E11",
    wire: "200 without a body",
    does: "retried once, then `protocol_error`",
    runs: [{ wires: ALL, both: RECOVERED }],
  },
  {
    id: "E13",
    wire: "500 with `x-should-retry: false`",
    does: "`server_error` without a retry",
    runs: [{ wires: ALL, both: { code: "server_error", status: 500 } }],
  },
  {
    id: "E14",
    wire: "Gemini sends a bare JSON error without `data:` after some events",
    does: "`overloaded` with the partial",
    runs: [{ wires: GOOGLE, both: { code: "overloaded", partial: "he", says: ["overloaded"] }, codegen: TRIED_THRICE }],
  },
  {
    id: "own-E03",
    wire: "500, 502 and 504 with an HTML page, 503 with plain text, 408, 409",
    does: "retried; the call returns the answer of the next attempt",
    runs: [500, 502, 504, 503, 408, 409].map((status) => ({
      wires: ALL,
      attempts: [
        [["status", status, { "content-type": "text/html" }], ["raw", "<html><title>Bad</title></html>"], ["fin"]],
        [["okjson"]],
      ] as const,
      both: RECOVERED,
    })),
  },
  {
    id: "own-E06",
    wire: "a Responses stream ends with `response.failed` or with an `error` event",
    does: "the error from the event, with the partial",
    runs: [
      {
        wires: RESPONSES,
        attempts: [
          [
            ["sse"],
            [
              "event",
              "response.output_text.delta",
              { type: "response.output_text.delta", item_id: "i", output_index: 0, content_index: 0, delta: "par" },
            ],
            [
              "event",
              "response.failed",
              {
                type: "response.failed",
                response: {
                  id: "r",
                  status: "failed",
                  error: { code: "server_error", message: "The model failed" },
                  output: [],
                },
              },
            ],
            ["end"],
          ],
        ],
        both: { code: "server_error", partial: "par", says: ["The model failed"] },
        codegen: TRIED_THRICE,
      },
      {
        wires: RESPONSES,
        attempts: [
          [
            ["sse"],
            [
              "event",
              "response.output_text.delta",
              { type: "response.output_text.delta", item_id: "i", output_index: 0, content_index: 0, delta: "par" },
            ],
            ["event", "error", { type: "error", code: "rate_limit_exceeded", message: "too fast", param: null }],
            ["end"],
          ],
        ],
        both: { code: "rate_limited", partial: "par", says: ["too fast"] },
        codegen: TRIED_THRICE,
      },
    ],
  },
  {
    id: "own-E06-early",
    wire: "an error event before any text",
    does: "retried by stream() too, because nothing was delivered yet",
    runs: [
      {
        wires: ANTHROPIC,
        attempts: [
          [
            ["sse"],
            ["event", "error", { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }],
            ["fin"],
          ],
          [["okjson"]],
        ],
        both: RECOVERED,
      },
      {
        wires: CHAT,
        attempts: [[["sse"], ["data", { error: { message: "busy", code: 503 } }], ["end"]], [["okjson"]]],
        both: RECOVERED,
      },
    ],
  },
  {
    id: "own-E09",
    wire: "502 with a proxy's HTML page for every request",
    does: "`server_error` with the page's title in the message, without markup",
    runs: [
      {
        wires: ALL,
        attempts: [page],
        both: { code: "server_error", status: 502, says: ["502 Bad Gateway"], ...TRIED_THRICE },
      },
    ],
  },
  {
    id: "own-E12",
    wire: "204, or 200 with a body of whitespace, for every request",
    does: "`protocol_error` after one retry",
    runs: [
      { wires: ALL, attempts: [[["status", 204], ["fin"]]], both: { code: "protocol_error", requests: 2 } },
      {
        wires: ALL,
        attempts: [[["status", 200, { "content-type": "application/json" }], ["raw", " \n"], ["fin"]]],
        both: { code: "protocol_error", requests: 2 },
      },
    ],
  },
  {
    id: "own-E13",
    wire: "`x-should-retry: true` on 400, and on 500; `false` on 429",
    does: "`false` always prevents a retry; `true` is ignored where a retry cannot help",
    runs: [
      {
        wires: ALL,
        attempts: [
          [
            ["status", 400, { "x-should-retry": "true" }],
            ["json", { error: { message: "bad" } }],
          ],
        ],
        both: { code: "invalid_request" },
      },
      {
        wires: ALL,
        attempts: [
          [
            ["status", 500, { "x-should-retry": "true" }],
            ["json", { error: { message: "no" } }],
          ],
          [["okjson"]],
        ],
        both: RECOVERED,
      },
      {
        wires: ALL,
        attempts: [
          [
            ["status", 429, { "x-should-retry": "false" }],
            ["json", { error: { message: "no" } }],
          ],
        ],
        both: { code: "rate_limited" },
      },
    ],
  },
  {
    id: "own-E14",
    wire: "a Gemini error as an event, on one bare line, or over many lines; with and without text before it",
    does: "`overloaded` in each case",
    runs: [
      { raw: 'data: {"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}\n\n' },
      {
        raw: '{\n  "error": {\n    "code": 503,\n    "message": "The model is overloaded.",\n    "status": "UNAVAILABLE"\n  }\n}\n',
      },
      { raw: '{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}\n\n' },
    ].flatMap(({ raw }) => [
      {
        wires: GOOGLE,
        attempts: [
          [
            ["sse"],
            ["data", { candidates: [{ content: { role: "model", parts: [{ text: "he" }] } }] }],
            ["raw", raw],
            ["fin"],
          ],
        ] as const,
        both: { code: "overloaded" as const, partial: "he" },
        codegen: TRIED_THRICE,
      },
      { wires: GOOGLE, attempts: [[["sse"], ["raw", raw], ["fin"]], [["okjson"]]] as const, both: RECOVERED },
    ]),
  },
  {
    id: "own-E05",
    wire: 'an error event after some text in a chat stream: `data: {"error": …}` with code 429',
    does: "the error code from the event, with the partial",
    runs: [
      {
        wires: CHAT,
        attempts: [[["sse"], ["data", delta("par")], ["data", { error: { message: "slow", code: 429 } }], ["fin"]]],
        both: { code: "rate_limited", partial: "par" },
        codegen: TRIED_THRICE,
      },
    ],
  },
  {
    id: "own-E15",
    wire: "JSON that is not an answer: null, an array, a string; Anthropic without content; Gemini without candidates",
    does: "`protocol_error` after one retry",
    runs: [
      { wires: CHAT, attempts: [[["json", null]]], both: { code: "protocol_error", requests: 2 } },
      { wires: CHAT, attempts: [[["json", []]]], both: { code: "protocol_error", requests: 2 } },
      { wires: ANTHROPIC, attempts: [[["json", "hello"]]], both: { code: "protocol_error", requests: 2 } },
      {
        wires: GOOGLE,
        attempts: [[["json", { usageMetadata: { promptTokenCount: 3 } }]]],
        both: { code: "protocol_error", requests: 2 },
      },
    ],
  },
  {
    id: "own-E16",
    wire: "503 with `Retry-After: 600`",
    does: "`overloaded` at once, with `retryAfterMs`, because the wait exceeds `max_retry_after`",
    runs: [
      {
        wires: ALL,
        attempts: [
          [
            ["status", 503, { "retry-after": "600" }],
            ["json", { error: { message: "later" } }],
          ],
        ],
        both: { code: "overloaded", status: 503, retryAfterMs: 600_000 },
      },
    ],
  },
  {
    id: "own-E17",
    wire: "a Responses body with status `failed` or `cancelled`",
    does: "the code of its error; `server_error`",
    runs: [
      {
        wires: RESPONSES,
        attempts: [
          [
            [
              "json",
              {
                id: "r",
                object: "response",
                status: "failed",
                error: { code: "rate_limit_exceeded", message: "slow" },
                output: [],
              },
            ],
          ],
        ],
        both: { code: "rate_limited", ...TRIED_THRICE },
      },
      {
        wires: RESPONSES,
        attempts: [[["json", { id: "r", object: "response", status: "cancelled", output: [] }]]],
        both: { code: "server_error", ...TRIED_THRICE },
      },
    ],
  },
];

import type { Expectation } from "../expectation.ts";
import { ANTHROPIC, CHAT, GOOGLE, RESPONSES, TRIED_THRICE } from "./wires.ts";

const choice = (delta: object, finish: string | null = null) => ({
  id: "c",
  choices: [{ index: 0, delta, finish_reason: finish }],
});

export const FRAMING: readonly Expectation[] = [
  {
    id: "S01",
    wire: "multi-byte characters, one byte per segment",
    does: "the same text",
    runs: [{ wires: CHAT, both: { text: "你好🌍é", finish: "stop" } }],
  },
  {
    id: "S03",
    wire: "lines that end with a CR only",
    does: "the same text",
    runs: [{ wires: CHAT, both: { text: "hi", finish: "stop" } }],
  },
  {
    id: "S04",
    wire: "a byte order mark before the first event",
    does: "the same text",
    runs: [{ wires: CHAT, both: { text: "hi", finish: "stop" } }],
  },
  {
    id: "S06",
    wire: "a comment inside an event, before its data",
    does: "the event is read",
    runs: [{ wires: GOOGLE, both: { text: "hello", finish: "stop" } }],
  },
  {
    id: "S07",
    wire: "an empty data line; an event without data",
    does: "ignored",
    runs: [{ wires: CHAT, both: { text: "he", finish: "stop" } }],
  },
  {
    id: "S09",
    wire: "one event of 8 MB in segments of 16 KB",
    does: "the same text, in linear time",
  },
  { id: "own-S09", wire: "one event of more than 16 MB", does: "`protocol_error`; the socket is closed" },
  { id: "S10", wire: "100,000 events in few segments", does: "the same text; the event loop is not blocked" },
  {
    id: "S12",
    wire: "a proxy compresses and buffers the stream",
    does: "works as long as bytes arrive in time; streaming requests send `accept-encoding: identity`",
  },
  {
    id: "S13",
    wire: "Anthropic events without their `event:` lines",
    does: "uses the `type` in the data",
    runs: [{ wires: ANTHROPIC, both: { text: "hi", finish: "stop", usage: { input: 1, output: 1 } } }],
  },
  {
    id: "own-S02",
    wire: "a stream that is not valid UTF-8",
    does: "the text with U+FFFD for each invalid byte; the stream continues",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [
            ["sse"],
            // {"choices":[{"index":0,"delta":{"content":"a\xff"}}]}
            [
              "hexdata",
              Buffer.concat([
                Buffer.from('{"choices":[{"index":0,"delta":{"content":"a'),
                Buffer.from([0xff]),
                Buffer.from('"}}]}'),
              ]).toString("hex"),
            ],
            ["data", choice({ content: "b" }, "stop")],
            ["end"],
          ],
        ],
        both: { text: "a\uFFFDb", finish: "stop" },
      },
    ],
  },
  {
    id: "own-S05",
    wire: "data over several lines, `id:`, `retry:`, unknown fields, no space after the colon",
    does: "parsed as the standard requires",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [
            ["sse"],
            ["raw", 'id: 7\nretry: 1\nfoo: bar\ndata:{"choices":[{"index":0,\ndata: "delta":{"content":"hi"}}]}\n\n'],
            ["data", choice({}, "stop")],
            ["end"],
          ],
        ],
        both: { text: "hi", finish: "stop" },
      },
    ],
  },
  {
    id: "own-S08",
    wire: "an event that is not JSON",
    does: "`protocol_error` with the partial",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [["sse"], ["data", choice({ content: "par" })], ["data", "{oops"], ["data", choice({}, "stop")], ["end"]],
        ],
        both: { code: "protocol_error", partial: "par" },
        codegen: { requests: 2 },
      },
    ],
  },
  {
    id: "own-S11",
    wire: "the last event without its blank line",
    does: "returns the answer if the event is complete",
    runs: [
      {
        wires: CHAT,
        attempts: [[["sse"], ["raw", `data: ${JSON.stringify(choice({ content: "hi" }, "stop"))}`], ["fin"]]],
        both: { text: "hi", finish: "stop" },
      },
    ],
  },
];

export const MEANING: readonly Expectation[] = [
  {
    id: "M02",
    wire: "a finish reason without `[DONE]`",
    does: "returns the answer",
    runs: [{ wires: CHAT, both: { text: "hi", finish: "stop" } }],
  },
  {
    id: "M03",
    wire: "`[DONE]` without a finish reason",
    does: "returns the answer with finish reason `unknown` and an adjustment; it is not cached",
    runs: [{ wires: CHAT, both: { text: "hi", finish: "unknown", adjusted: ["finish_reason"] } }],
  },
  {
    id: "M05",
    wire: "Anthropic's stop reason without `message_stop`",
    does: "returns the answer",
    runs: [
      { wires: ANTHROPIC, both: { text: "hi", finish: "stop", usage: { input: 5, output: 3, estimated: false } } },
    ],
  },
  {
    id: "M06",
    wire: "a Gemini stream that ends without a finish reason",
    does: "`stream_truncated` with the partial",
    runs: [{ wires: GOOGLE, both: { code: "stream_truncated", partial: "he" }, codegen: TRIED_THRICE }],
  },
  {
    id: "M08",
    wire: "usage in every chunk",
    does: "the last one counts; without usage, it is estimated and marked `estimated`",
    runs: [{ wires: CHAT, both: { text: "hi", usage: { input: 3, output: 2, total: 5, estimated: false } } }],
  },
  {
    id: "M09",
    wire: "the same chunk, endlessly",
    does: "`degenerate_output` after `repeated_chunk_limit` chunks, without a retry; the socket is closed",
    runs: [{ wires: CHAT, both: { code: "degenerate_output", withinMs: 10_000 }, oneFraming: "an endless stream" }],
  },
  {
    id: "M11",
    wire: "endless whitespace after a complete JSON answer",
    does: "returns the JSON and closes the stream within 256 characters. Endless whitespace after anything else is `degenerate_output`",
    runs: [
      {
        wires: CHAT,
        both: { text: '{"a":1}', finish: "stop", withinMs: 10_000 },
        oneFraming: "an endless stream",
      },
      {
        wires: CHAT,
        keys: 'response_format = { type = "json_object" }',
        both: { text: '{"a":1}', finish: "stop", withinMs: 10_000 },
        oneFraming: "an endless stream",
      },
    ],
  },
  {
    id: "M12",
    wire: "the caller aborts a stream",
    does: "`aborted` with the partial; no `finish` event and no further request",
  },
  {
    id: "M14",
    wire: "of two choices, only the second ends",
    does: "`stream_truncated` for the first; the partial has both",
    runs: [{ wires: CHAT, both: { code: "stream_truncated", partial: "A" }, codegen: TRIED_THRICE }],
  },
  {
    id: "own-M01",
    wire: "a chat stream that ends without a finish reason or `[DONE]`",
    does: "`stream_truncated` with the partial",
    runs: [
      {
        wires: CHAT,
        attempts: [[["sse", "chunked"], ["data", choice({ content: "par" })], ["end"]]],
        both: { code: "stream_truncated", partial: "par" },
        codegen: TRIED_THRICE,
      },
    ],
  },
  {
    id: "own-M04",
    wire: "Anthropic text without a stop reason, with and without `message_stop`",
    does: "`stream_truncated` with the partial",
    runs: [[], [["data", { type: "message_stop" }] as const]].map((last) => ({
      wires: ANTHROPIC,
      attempts: [
        [
          ["sse"],
          [
            "data",
            {
              type: "message_start",
              message: { id: "m", role: "assistant", content: [], usage: { input_tokens: 5, output_tokens: 1 } },
            },
          ],
          ["data", { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }],
          ["data", { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "par" } }],
          ...last,
          ["end"],
        ],
      ] as const,
      both: { code: "stream_truncated" as const, partial: "par" },
      codegen: TRIED_THRICE,
    })),
  },
  {
    id: "own-M07",
    wire: "a Responses stream that ends without `response.completed`; one that is `incomplete`",
    does: "`stream_truncated` with the partial; a reply with finish reason `length`",
    runs: [
      {
        wires: RESPONSES,
        attempts: [
          [
            ["sse"],
            [
              "data",
              { type: "response.output_text.delta", item_id: "i", output_index: 0, content_index: 0, delta: "par" },
            ],
            ["end"],
          ],
        ],
        both: { code: "stream_truncated", partial: "par" },
        codegen: TRIED_THRICE,
      },
      {
        wires: RESPONSES,
        attempts: [
          [
            ["sse"],
            [
              "data",
              { type: "response.output_text.delta", item_id: "i", output_index: 0, content_index: 0, delta: "par" },
            ],
            [
              "data",
              {
                type: "response.incomplete",
                response: {
                  id: "r",
                  status: "incomplete",
                  incomplete_details: { reason: "max_output_tokens" },
                  output: [],
                },
              },
            ],
            ["end"],
          ],
        ],
        both: { text: "par", finish: "length" },
      },
    ],
  },
  {
    id: "own-M08",
    wire: "usage in a separate chunk without choices; no usage",
    does: "reported; estimated",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [
            ["sse"],
            ["data", choice({ content: "hi" }, "stop")],
            ["data", { id: "c", choices: [], usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 } }],
            ["data", "[DONE]"],
            ["end"],
          ],
        ],
        both: { text: "hi", usage: { input: 7, output: 2, estimated: false } },
      },
      {
        wires: CHAT,
        attempts: [[["sse"], ["data", choice({ content: "hi" }, "stop")], ["data", "[DONE]"], ["end"]]],
        both: { text: "hi", usage: { estimated: true } },
      },
    ],
  },
  {
    id: "own-M10",
    wire: "two chunks that alternate endlessly; ordinary repetition (a table, dots)",
    does: "`degenerate_output` for a loop of any period; no error",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [
            ["sse"],
            ["data", choice({ content: "-".repeat(60) })],
            ["repeat", 40, ["data", choice({ content: "| a | b |\n" })]],
            ["data", choice({}, "stop")],
            ["end"],
          ],
        ],
        both: { text: "-".repeat(60) + "| a | b |\n".repeat(40), finish: "stop" },
      },
    ],
  },
  {
    id: "own-M13",
    wire: "content after the finish reason; a second finish reason; data after `[DONE]`",
    does: "one `finish` event and nothing after it",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [
            ["sse"],
            ["data", choice({ content: "hi" }, "stop")],
            ["data", choice({}, "stop")],
            ["data", "[DONE]"],
            ["data", choice({ content: "late" })],
            ["end"],
          ],
        ],
        both: { text: "hi", finish: "stop" },
      },
    ],
  },
  {
    id: "own-M14",
    wire: "a stream in response to a codegen() that did not request one",
    does: "read as a stream",
    runs: [
      { wires: CHAT, attempts: [[["okstream"]]], both: { text: "ok", finish: "stop", usage: { input: 1, output: 1 } } },
    ],
  },
  {
    id: "own-M15",
    wire: "an empty stream: only `[DONE]`, or no event",
    does: "`empty_response` or `stream_truncated`, never an empty answer",
    runs: [
      {
        wires: CHAT,
        attempts: [[["sse"], ["data", "[DONE]"], ["end"]]],
        both: { code: "empty_response", requests: 2 },
      },
      {
        wires: ["openai", "openai-responses", "anthropic", "google"],
        attempts: [[["sse"], ["end"]]],
        both: { code: "stream_truncated", ...TRIED_THRICE },
      },
    ],
  },
  {
    id: "own-M16",
    wire: "chunks without choices or delta, usage that is not a number, a byte order mark before JSON, content as an array of parts",
    does: "returns the answer",
    runs: [
      [["sse"], ["data", { id: "c", choices: null }], ["data", choice({ content: "hi" }, "stop")], ["end"]],
      [
        ["sse"],
        ["data", { id: "c", choices: [{ index: 0, delta: null }] }],
        ["data", choice({ content: "hi" }, "stop")],
        ["end"],
      ],
      [
        ["sse"],
        ["data", { ...choice({ content: "hi" }, "stop"), usage: { prompt_tokens: "7", completion_tokens: -3 } }],
        ["end"],
      ],
      [["sse"], ["data", choice({ content: [{ type: "text", text: "hi" }] }, "stop")], ["end"]],
      [
        ["status", 200, { "content-type": "application/json" }],
        ["hex", "efbbbf"],
        ["raw", '\n{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}'],
        ["fin"],
      ],
    ].map((script) => ({ wires: CHAT, attempts: [script] as never, both: { text: "hi", finish: "stop" as const } })),
  },
];

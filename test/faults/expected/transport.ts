import type { Expectation, Outcome } from "../expectation.ts";
import { ALL, ANTHROPIC, CHAT, GOOGLE, RECOVERED, TRIED_THRICE } from "./wires.ts";

const delta = (content: string, finish: string | null = null) => ({
  id: "c",
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
});
/** Another service answered; a retry would get the same. */
const NOT_HTTP: Outcome = { code: "protocol_error", requests: 1 };
const CLOCKS = "silence_timeout = 0.3\nidle_timeout = 20\ntimeout = 5";

export const TRANSPORT: readonly Expectation[] = [
  {
    id: "T01",
    wire: "a reset before the first byte of a response",
    does: "`connection_failed`, retried; the attempt is `possiblyBilled`",
    runs: [{ wires: ALL, both: { ...RECOVERED, possiblyBilled: [true, false] } }],
  },
  {
    id: "T02",
    wire: "an idle connection is closed while the next request is written to it",
    does: "retried at once on a new connection; the circuit breaker does not count it",
  },
  {
    id: "T04",
    wire: "a chunked stream that ends without its last chunk",
    does: "`stream_truncated` with the partial; codegen() retries, stream() does not",
    runs: [{ wires: CHAT, both: { code: "stream_truncated", partial: "par" }, codegen: TRIED_THRICE }],
  },
  {
    id: "T05",
    wire: "a JSON body shorter than its content-length",
    does: "retried; the first attempt is `possiblyBilled`",
    note: "the code of that attempt is `connection_failed`, because no part of the answer could be parsed",
    runs: [{ wires: ALL, both: { ...RECOVERED, possiblyBilled: [true, false] } }],
  },
  {
    id: "T07",
    wire: "headers and some bytes, then nothing",
    does: "`timed_out` after `silence_timeout`, streaming or not; retried, the socket is closed",
    runs: [
      {
        wires: ALL,
        keys: CLOCKS,
        both: { code: "timed_out", ...TRIED_THRICE },
        stream: { phase: "silence" },
        codegen: { phase: "silence" },
        oneFraming: "waits for clocks",
      },
    ],
  },
  {
    id: "T08",
    wire: "one delta, then nothing",
    does: "`timed_out` after `silence_timeout`, with the partial; the socket is closed",
    runs: [
      {
        wires: CHAT,
        keys: CLOCKS,
        stream: { code: "timed_out", phase: "silence", partial: "par", withinMs: 5_000 },
        codegen: { code: "timed_out", partial: "par", ...TRIED_THRICE },
        oneFraming: "waits for clocks",
      },
    ],
  },
  {
    id: "T10",
    wire: "`[DONE]`, then the socket stays open",
    does: "returns the answer at once; the socket is closed",
    runs: [{ wires: CHAT, both: { text: "x", finish: "stop", withinMs: 5_000 } }],
  },
  {
    id: "T11",
    wire: "the host name cannot be resolved",
    does: "`connection_failed` that names the host; ENOTFOUND is retried once, EAI_AGAIN like any connection failure",
  },
  {
    id: "T13",
    wire: "the proxy answers CONNECT with 407",
    does: "`proxy_refused` without a retry; the message names the proxy without its credentials",
  },
  {
    id: "T14",
    wire: "HTTP/2 GOAWAY while streams are in flight",
    does: "does not apply: requests use HTTP/1.1 only. A server without HTTP/1.1 gives `protocol_error` without a retry",
    note: "the catalog allows HTTP/1.1 only, if it is tested and documented",
  },
  {
    id: "T16",
    wire: "`content-encoding: gzip` on a body that is not gzip",
    does: "`protocol_error`, retried once",
    runs: [{ wires: ALL, both: { code: "protocol_error", requests: 2, withinMs: 5_000 } }],
  },
  {
    id: "T17",
    wire: "the connection is refused or never established",
    does: "`connection_failed` that names the address, or `timed_out` after `connect_timeout`; retried",
  },
  {
    id: "own-T01",
    wire: "the connection closes before the first byte of a response",
    does: "`connection_failed`, retried",
    runs: [{ wires: ALL, attempts: [[["fin"]], [["okjson"]]], both: { ...RECOVERED, possiblyBilled: [true, false] } }],
  },
  {
    id: "own-T03",
    wire: "a reset in the middle of a stream",
    does: "`stream_truncated` with the partial",
    runs: [
      {
        wires: CHAT,
        attempts: [[["sse"], ["data", delta("par")], ["wait", 30], ["rst"]]],
        both: { code: "stream_truncated", partial: "par" },
        codegen: TRIED_THRICE,
      },
      {
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
            ["wait", 30],
            ["rst"],
          ],
        ],
        both: { code: "stream_truncated", partial: "par" },
        codegen: TRIED_THRICE,
      },
    ],
  },
  {
    id: "own-T03-early",
    wire: "a reset after the headers of a stream, before any text",
    does: "retried by stream() too",
    runs: [{ wires: ALL, attempts: [[["sse"], ["wait", 10], ["rst"]], [["okjson"]]], both: RECOVERED }],
  },
  {
    id: "own-T03-late",
    wire: "a reset after the answer was complete",
    does: "returns the answer",
    runs: [
      {
        wires: CHAT,
        attempts: [[["sse", "chunked"], ["data", delta("hi")], ["data", delta("", "stop")], ["wait", 20], ["rst"]]],
        both: { text: "hi", finish: "stop" },
      },
      {
        wires: GOOGLE,
        attempts: [
          [
            ["sse", "chunked"],
            ["data", { candidates: [{ content: { role: "model", parts: [{ text: "hi" }] } }] }],
            ["data", { candidates: [{ content: { role: "model", parts: [{ text: "" }] }, finishReason: "STOP" }] }],
            ["wait", 20],
            ["rst"],
          ],
        ],
        both: { text: "hi", finish: "stop" },
      },
    ],
  },
  {
    id: "own-T03-first",
    wire: "a finish reason with the first text, then a reset or an end without the last chunk",
    does: "`stream_truncated` with the partial: some hosts send a finish reason with every chunk, so it does not prove the end",
    runs: (["rst", "fin"] as const).flatMap((cut) => [
      {
        wires: CHAT,
        attempts: [[["sse", "chunked"], ["data", delta("hi", "stop")], ["wait", 20], [cut]]],
        both: { code: "stream_truncated", partial: "hi" },
        codegen: TRIED_THRICE,
      },
      {
        wires: GOOGLE,
        attempts: [
          [
            ["sse", "chunked"],
            ["data", { candidates: [{ content: { role: "model", parts: [{ text: "hi" }] }, finishReason: "STOP" }] }],
            ["wait", 20],
            [cut],
          ],
        ],
        both: { code: "stream_truncated", partial: "hi" },
        codegen: TRIED_THRICE,
      },
      {
        wires: ANTHROPIC,
        attempts: [
          [
            ["sse", "chunked"],
            ["data", { type: "message_start", message: { id: "m", content: [], stop_reason: "end_turn" } }],
            ["data", { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }],
            ["data", { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hi" } }],
            ["data", { type: "content_block_stop", index: 0 }],
            ["wait", 20],
            [cut],
          ],
        ],
        both: { code: "stream_truncated", partial: "hi" },
        codegen: TRIED_THRICE,
      },
    ]),
  },
  {
    id: "own-T05",
    wire: "truncated JSON in a body of the announced length",
    does: "retried",
    runs: [
      {
        wires: ALL,
        attempts: [
          [["status", 200, { "content-type": "application/json", "content-length": "6" }], ["raw", '{"id":'], ["fin"]],
          [["okjson"]],
        ],
        both: { ...RECOVERED, possiblyBilled: [true, false] },
      },
    ],
  },
  {
    id: "own-T06",
    wire: "half a response head; bytes that are not HTTP",
    does: "`connection_failed`, retried; `protocol_error` without a retry",
    runs: [
      { wires: ALL, attempts: [[["raw!", "HTTP/1.1 200 O"], ["fin"]], [["okjson"]]], both: RECOVERED },
      { wires: ALL, attempts: [[["raw!", "SSH-2.0-OpenSSH_9.6\r\n\r\n"], ["fin"]], [["okjson"]]], both: NOT_HTTP },
    ],
  },
  {
    id: "own-T07",
    wire: "the server accepts the request and never sends a byte",
    does: "`timed_out` after `timeout`, retried; the socket is closed",
    runs: [
      {
        wires: ALL,
        keys: "timeout = 0.3",
        attempts: [[["hang"]]],
        both: { code: "timed_out", phase: "attempt", ...TRIED_THRICE },
        oneFraming: "waits for clocks",
      },
    ],
  },
  {
    id: "own-T09",
    wire: "endless pings without model data",
    does: "`timed_out` after `idle_timeout`: pings do not count",
    runs: [
      {
        wires: CHAT,
        keys: "idle_timeout = 0.3\nsilence_timeout = 10\ntimeout = 0.6",
        attempts: [[["sse"], ["data", delta("par")], ["repeat", 500, ["raw", ": ping\n\n"], 10]]],
        stream: { code: "timed_out", phase: "idle", partial: "par", withinMs: 5_000 },
        codegen: { code: "timed_out", partial: "par", ...TRIED_THRICE },
        oneFraming: "waits for clocks",
      },
    ],
  },
  {
    id: "own-T10",
    wire: "Anthropic's stop event or Gemini's finish reason, then the socket stays open",
    does: "returns the answer; the socket is closed",
    runs: [
      {
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
            ["data", { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "x" } }],
            ["data", { type: "content_block_stop", index: 0 }],
            ["data", { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } }],
            ["data", { type: "message_stop" }],
            ["hang"],
          ],
        ],
        both: { text: "x", finish: "stop", withinMs: 5_000 },
      },
    ],
  },
  {
    id: "own-T12",
    wire: "a TLS certificate that is expired, for another host, or from an unknown issuer",
    does: "`connection_failed` that names the reason",
  },
  {
    id: "own-T15",
    wire: "100 Continue and 103 Early Hints before the response",
    does: "returns the answer",
    runs: [
      {
        wires: ALL,
        attempts: [[["raw!", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"], ["okjson"]]],
        both: { text: "ok" },
      },
    ],
  },
  {
    id: "own-T16",
    wire: "a truncated gzip stream; a complete one",
    does: "`stream_truncated` with the partial; the text",
    runs: [
      {
        wires: CHAT,
        attempts: [[["gzip", "cut"], ["sse"], ["data", delta("par")], ["wait", 30], ["end"]]],
        both: { code: "stream_truncated", partial: "par" },
        codegen: TRIED_THRICE,
      },
      { wires: CHAT, attempts: [[["gzip"], ["okstream"]]], both: { text: "ok", finish: "stop" } },
      { wires: ALL, attempts: [[["gzip"], ["okjson"]]], both: { text: "ok", finish: "stop" } },
      { wires: ALL, attempts: [[["gzip", "cut"], ["okjson"]], [["okjson"]]], both: RECOVERED },
    ],
  },
  {
    id: "own-T18",
    wire: "invalid HTTP: a bad chunk size, two content lengths, endless headers, a content length that is too large",
    does: "after the headers: `connection_failed` or `stream_truncated`, retried; in the headers: `protocol_error` without a retry",
    runs: [
      [
        ["status", 200, { "content-type": "text/event-stream", "transfer-encoding": "chunked" }],
        ["raw!", "zz\r\nx\r\n"],
        ["fin"],
      ],
      [
        ["status", 200, { "content-type": "text/event-stream", "content-length": "900" }],
        ["raw", ": ping\n\n"],
        ["fin"],
      ],
    ]
      .map((broken) => ({ wires: ALL, attempts: [broken, [["okjson"]]] as never, both: RECOVERED as Outcome }))
      .concat(
        [
          "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 9\r\n\r\nhello",
          `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
        ].map((head) => ({ wires: ALL, attempts: [[["raw!", head], ["fin"]], [["okjson"]]] as never, both: NOT_HTTP })),
      ),
  },
];

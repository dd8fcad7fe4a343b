import type { Expectation, Outcome } from "../expectation.ts";
import { ALL, ANTHROPIC, CHAT, GOOGLE, RECOVERED, TRIED_THRICE } from "./wires.ts";

const delta = (content: string, finish: string | null = null) => ({
  id: "c",
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
});
/** Another service, and the same one the next time. */
const NOT_HTTP: Outcome = { code: "protocol_error", requests: 1 };
const CLOCKS = "silence_timeout = 0.3\nidle_timeout = 20\ntimeout = 0.5";

export const TRANSPORT: readonly Expectation[] = [
  {
    id: "T01",
    wire: "a reset, before any byte of an answer",
    does: "`connection_failed`, retried; the attempt is marked `possiblyBilled`",
    runs: [{ wires: ALL, both: { ...RECOVERED, possiblyBilled: [true, false] } }],
  },
  {
    id: "T02",
    wire: "an idle connection is closed as the next request is written on it",
    does: "asked again at once on a new connection; the breaker does not count it",
  },
  {
    id: "T04",
    wire: "a chunked stream that ends without its last chunk",
    does: "`stream_truncated` with the partial; stream() does not ask again, codegen() does",
    runs: [{ wires: CHAT, both: { code: "stream_truncated", partial: "par" }, codegen: TRIED_THRICE }],
  },
  {
    id: "T05",
    wire: "a JSON body shorter than its content-length",
    does: "retried; the first attempt is marked `possiblyBilled`",
    note: "the code of that attempt is `connection_failed`: nothing of the answer could be read",
    runs: [{ wires: ALL, both: { ...RECOVERED, possiblyBilled: [true, false] } }],
  },
  {
    id: "T07",
    wire: "headers and some bytes, then silence for ever",
    does: "`timed_out` by `silence_timeout`, streamed or not; retried, the socket closed",
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
    wire: "one delta, then silence",
    does: "`timed_out` by `silence_timeout` with the partial, the socket closed",
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
    wire: "`[DONE]`, and the socket stays open",
    does: "the answer at once; the socket is closed",
    runs: [{ wires: CHAT, both: { text: "x", finish: "stop", withinMs: 5_000 } }],
  },
  {
    id: "T11",
    wire: "the name of the host cannot be resolved",
    does: "`connection_failed` that names the host; ENOTFOUND is tried once more, EAI_AGAIN like any failure",
  },
  {
    id: "T13",
    wire: "the proxy answers CONNECT with 407",
    does: "`proxy_refused` that names the proxy without its credentials; no retry",
  },
  {
    id: "T14",
    wire: "HTTP/2 GOAWAY while streams are in flight",
    does: "cannot happen: requests go over HTTP/1.1 only. A server that speaks nothing else is `protocol_error`, not retried",
    note: "the catalogue allows HTTP/1.1 only, tested and documented",
  },
  {
    id: "T16",
    wire: "`content-encoding: gzip` on a body that is none",
    does: "`protocol_error` at once, tried once more",
    runs: [{ wires: ALL, both: { code: "protocol_error", requests: 2, withinMs: 5_000 } }],
  },
  {
    id: "T17",
    wire: "the connection is refused, or never made",
    does: "`connection_failed` that names the address, or `timed_out` by `connect_timeout`; retried",
  },
  {
    id: "own-T01",
    wire: "the connection ends before any byte of an answer",
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
    wire: "a reset after the head of a stream, before any text",
    does: "retried by stream() too",
    runs: [{ wires: ALL, attempts: [[["sse"], ["wait", 10], ["rst"]], [["okjson"]]], both: RECOVERED }],
  },
  {
    id: "own-T03-late",
    wire: "a reset after the answer was complete",
    does: "the answer: it had ended",
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
    wire: "a finish reason on the first text only, then a reset, or an end without the last chunk",
    does: "`stream_truncated` with the partial: some hosts send a finish reason with every chunk, so it proves no end",
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
    wire: "a JSON body that is cut though its length is right",
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
    wire: "half a response head, and a head that is not HTTP",
    does: "half a head is `connection_failed`, retried; what is not HTTP is `protocol_error`, asked once",
    runs: [
      { wires: ALL, attempts: [[["raw!", "HTTP/1.1 200 O"], ["fin"]], [["okjson"]]], both: RECOVERED },
      { wires: ALL, attempts: [[["raw!", "SSH-2.0-OpenSSH_9.6\r\n\r\n"], ["fin"]], [["okjson"]]], both: NOT_HTTP },
    ],
  },
  {
    id: "own-T07",
    wire: "the request is taken, no byte ever comes",
    does: "`timed_out` by `timeout`, retried, the socket closed",
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
    wire: "pings for ever, no model data",
    does: "`timed_out` by `idle_timeout`: pings do not count",
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
    wire: "the stop event of Anthropic, a finish reason of Gemini, and the socket stays open",
    does: "the answer; the socket is closed",
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
    wire: "TLS: a certificate that is expired, for another host, or signed by nobody known",
    does: "`connection_failed` that names the reason",
  },
  {
    id: "own-T15",
    wire: "100-continue and 103 early hints before the answer",
    does: "the answer",
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
    wire: "a gzip stream that is cut, and one that is whole",
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
    wire: "broken HTTP: a bad chunk size, two lengths, a head without end, a length that is too long",
    does: "a break after the head is `connection_failed` or `stream_truncated`, retried; a broken head is `protocol_error`, asked once",
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

/** A fault that several providers share, the variants that are tested, and the tests. */
export interface Kind {
  readonly kind: string;
  readonly covers: string;
  /** Files below `test`. */
  readonly tests: readonly string[];
}

/** By topic. docs/inside/faults.md is generated from these rows, and a test checks that the files exist. */
export const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  "Decoding answers": [
    {
      kind: "an SSE field after NUL or BOM, a damaged `data` field, an unknown field, another line that contains `{`",
      covers:
        "all wire formats, the built-in transport and a custom `fetch`, LF, CRLF and CR, every split, endless lines",
      tests: ["transport/sse.test.ts", "transport/message-reader.test.ts", "transport/any-fetch.test.ts"],
    },
    {
      kind: "Messages: a missing start, a stop without a start, deltas after a stop, an unknown or repeated block, a second message",
      covers: "text, thinking, split signatures before and after the stop, arguments",
      tests: ["dialects/anthropic/decode.test.ts"],
    },
    {
      kind: "Responses: done events with another index, two items with one index, a reused index, interleaved items or parts, initial content only in the `added` event",
      covers: "text, reasoning, refusals, arguments, custom tool input, body and stream",
      tests: ["dialects/openai/responses-decode.test.ts"],
    },
    {
      kind: "an answer split over several choices or candidates; a single one with an unexpected index",
      covers: "chat and Gemini, body and stream, with and without `samples`",
      tests: ["dialects/openai/chat-decode.test.ts", "dialects/google/decode.test.ts"],
    },
    {
      kind: "a finish reason before or with the first text, then silence, a clean end or a broken connection; content after the end",
      covers:
        "text, reasoning, tool calls, images, repeated tool calls with and without ids; `[DONE]` and `message_stop`; samples",
      tests: [
        "faults/scripts.test.ts",
        "dialects/openai/chat-decode.test.ts",
        "dialects/google/decode.test.ts",
        "dialects/anthropic/decode.test.ts",
      ],
    },
    {
      kind: "an answer without text, tool call, refusal or other output",
      covers: "any usage; `pause_turn`, an empty stop after tool results, a continued answer",
      tests: ["layers/output-guard.test.ts"],
    },
    {
      kind: "tool calls that share an id, an index or a name, are sent twice, or continue under a new index",
      covers:
        "all wire formats, body and stream, joined candidates and samples; histories with their results; 20,000 in linear time",
      tests: [
        "dialects/openai/chat-decode.test.ts",
        "dialects/openai/responses-decode.test.ts",
        "dialects/anthropic/decode.test.ts",
        "dialects/google/decode.test.ts",
        "wire/shared-ids.test.ts",
      ],
    },
    {
      kind: "tool calls without a name, or with arguments that are `null` or not an object",
      covers: "all wire formats, body and stream; arguments that start with `{}`, arrive as snapshots or are repeated",
      tests: ["core/tool-arguments.test.ts", "dialects/anthropic/decode.test.ts", "dialects/google/decode.test.ts"],
    },
  ],
  "Messages and history": [
    {
      kind: "images, audio and files that a target does not support",
      covers: "primary and fallback, tool results, Gemini 2 and 3",
      tests: ["layers/fallback.test.ts", "dialects/google/contents.test.ts", "dialects/openai/chat-encode.test.ts"],
    },
    {
      kind: "opaque state of providers on the chat wire format",
      covers:
        "OpenRouter, Gemini's compatible endpoint, LiteLLM, Copilot, Mistral, vLLM; body and stream; state from another provider",
      tests: ["model/history.test.ts"],
    },
  ],
  "Errors and retry delays": [
    {
      kind: "malformed model output reported as an error (`tool_use_failed`, `json_validate_failed`, malformed function calls)",
      covers:
        "a 400 body and an event in a 200, all wire formats, a message without a code; the text only in `partial`",
      tests: ["wire/model-failures.test.ts", "core/failure.test.ts"],
    },
    {
      kind: "retry delays in headers, bodies and messages",
      covers: "seconds, epochs, Go durations, dates, IETF `ratelimit`, RetryInfo; a reset later than `max_retry_after`",
      tests: ["core/failure.test.ts", "wire/waits.test.ts"],
    },
    {
      kind: "bytes that are not HTTP",
      covers: "ten kinds, all wire formats, body and stream, fallback, a custom `fetch`",
      tests: ["wire/not-http.test.ts"],
    },
    {
      kind: "an authentication header of the entry or the call in addition to the key",
      covers: "eight endpoints, four headers, body and stream",
      tests: ["wire/authorization.test.ts"],
    },
    {
      kind: "tools that a model supports only on the Responses wire format",
      covers: "per call, per entry, tool histories, custom `base_url`, Azure, newer model ids",
      tests: ["model/tools-over-responses.test.ts"],
    },
    {
      kind: "an error from another library",
      covers: "before and after sending; the built-in and a custom transport",
      tests: ["dialects/foreign-error.test.ts", "core/error.test.ts"],
    },
  ],
  "Money and usage": [
    {
      kind: "a charge that the price table cannot express",
      covers: "service tiers, audio, images, searches, hosted tools, cache classes; `estimate()`, `strict_pricing`",
      tests: ["model/exact-or-null.test.ts", "core/cost.test.ts"],
    },
    {
      kind: "usage that is reported twice, in part, or as invalid numbers",
      covers: "all wire formats, body and stream, custom dialects",
      tests: ["dialects/usage-reports.test.ts", "model/exact-or-null.test.ts"],
    },
    {
      kind: "a request above `max_input_bytes`",
      covers: "entry, call, fallbacks; text, data, tool arguments and results",
      tests: ["core/adapt.test.ts"],
    },
  ],
  "Streams, circuit breaker, timeouts": [
    {
      kind: "event batches that are not consumed while the reply is read",
      covers: "the order of events, a partial reader, linear time",
      tests: ["model/reading.test.ts", "model/cursor.test.ts"],
    },
    {
      kind: "a stream that is abandoned without being closed",
      covers: "socket, slot, probe; samples, hedges, fallbacks; while the server sends; with `deadline` and abort",
      tests: ["model/left-streams.test.ts", "wire/clocks.test.ts"],
    },
    {
      kind: "a probe of a half-open breaker that neither succeeds nor fails",
      covers: "an abandoned stream, 4xx, abort, never sent; a wall clock that is set back",
      tests: ["layers/circuit-breaker.test.ts", "properties/circuit-breaker.test.ts"],
    },
    {
      kind: "a stalled body of a call without streaming",
      covers:
        "`first_token_timeout`, `silence_timeout`, all wire formats; a broken connection at the moment of a timeout",
      tests: ["wire/clocks.test.ts", "layers/attempt-clocks.test.ts", "transport/flight.test.ts"],
    },
    {
      kind: "an abort of one of several calls that share a request",
      covers: "first call, joined calls, all; attempts counted once",
      tests: ["layers/cache.test.ts", "model/cache-over-wires.test.ts"],
    },
    {
      kind: "usage above the context window",
      covers: "all wire formats, body and stream",
      tests: ["wire/prompt-window.test.ts", "layers/meter.test.ts"],
    },
  ],
  "Secrets and hostile input": [
    {
      kind: "a secret under any setting name",
      covers: "`explain`, `model.config`, problems, file excerpts, echoes of `extra_body`, keys used as header names",
      tests: ["security/secret-names.test.ts"],
    },
    {
      kind: "model output quoted outside of `partial`",
      covers: "messages, causes, logs of `invalid_output`",
      tests: ["model/quoted-answers.test.ts"],
    },
    {
      kind: "a model name that changes the path",
      covers: "Gemini, Vertex, Azure; body, stream, token count",
      tests: ["wire/model-names.test.ts"],
    },
    {
      kind: "control characters from a provider in the terminal",
      covers: "errors, listings, answers, JSON",
      tests: ["cli/hostile-text.test.ts"],
    },
    {
      kind: "another tool's placeholder as a credential",
      covers: "keys, arrays of keys, headers, defaults, profiles, values of variables",
      tests: ["config/placeholders.test.ts"],
    },
    {
      kind: "deeply nested replies",
      covers: "all wire formats",
      tests: ["core/bounded-depth.test.ts"],
    },
  ],
  "Files, variables, terminal": [
    {
      kind: "text in another encoding",
      covers: "BOM, UTF-16, CRLF in `.env`, models.toml, `file:`, pipes and attachments",
      tests: ["config/dotenv.test.ts", "config/load.test.ts", "cli/run.test.ts"],
    },
    {
      kind: "a path that is not a file",
      covers: "dangling and cyclic links, directories, pipes, devices",
      tests: ["config/load.test.ts", "config/dotenv.test.ts", "cli/run.test.ts", "security/files.test.ts"],
    },
    {
      kind: "multi-line variables",
      covers: "accepted in prompts and bodies; rejected in credentials, headers and URLs",
      tests: ["config/references.test.ts"],
    },
    {
      kind: "proxy variables, interpreted like curl and undici",
      covers: "empty, without a scheme, lower case; NO_PROXY with wildcards, ports, IPv6, CIDR",
      tests: ["core/proxy.test.ts"],
    },
    {
      kind: "names that need quotes; settings without effect",
      covers:
        "`[models.gpt-4.1]`, `[[models]]`, weights, fallbacks to itself, patterns without a match, duplicate tool names, options",
      tests: ["config/bad.test.ts", "config/include.test.ts", "model/scopes.test.ts"],
    },
    {
      kind: "schemas that JSON Schema cannot express",
      covers: "zod, zod/mini, zod 3, other libraries; objects and tool parameters",
      tests: ["model/object.test.ts"],
    },
    {
      kind: "output that cannot be written, Ctrl-C, excerpts of very long lines",
      covers: "every command",
      tests: ["cli/main.test.ts", "cli/run.test.ts", "cli/code-frame.test.ts"],
    },
  ],
  Bundles: [
    {
      kind: "a bundled program without node_modules",
      covers: "esbuild and rolldown, ESM and CommonJS, all wire formats",
      tests: ["package/bundles.test.ts"],
    },
  ],
};

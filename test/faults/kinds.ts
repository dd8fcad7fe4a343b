/** A kind of fault that many members share, what is covered beside the first member seen, and the tests. */
export interface Kind {
  readonly kind: string;
  readonly covers: string;
  /** Files below `test`. */
  readonly tests: readonly string[];
}

/** By topic; a page of docs/inside is generated from these rows, and a test checks that the files exist. */
export const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  "One answer, complete and once": [
    {
      kind: "a field of an event stream after NUL or BOM, a damaged `data` field, an unknown field; another line that holds `{`",
      covers: "four wires, our transport and a `fetch` of the caller, LF, CRLF and CR, every split, endless lines",
      tests: ["transport/sse.test.ts", "transport/message-reader.test.ts", "transport/any-fetch.test.ts"],
    },
    {
      kind: "Messages: a lost start, a lone stop, deltas after a stop, an unknown or repeated block, a second message",
      covers: "text, thinking, signatures in pieces before and after the stop, arguments",
      tests: ["dialects/anthropic/decode.test.ts"],
    },
    {
      kind: "Responses: done events under another index, two items under one index, a reused index, interleaved items or parts, a beginning that only the announcement has",
      covers: "text, reasoning, refusals, arguments, custom input, body and stream",
      tests: ["dialects/openai/responses-decode.test.ts"],
    },
    {
      kind: "an answer spread over several choices or candidates, or a sole one with any index",
      covers: "chat and Gemini, body and stream, with and without `samples`",
      tests: ["dialects/openai/chat-decode.test.ts", "dialects/google/decode.test.ts"],
    },
    {
      kind: "a finish reason before or on the first text, then nothing, a clean end or a broken connection; content after the end",
      covers:
        "text, reasoning, calls, images, repeated calls with and without ids; `[DONE]` and `message_stop`; samples",
      tests: [
        "faults/scripts.test.ts",
        "dialects/openai/chat-decode.test.ts",
        "dialects/google/decode.test.ts",
        "dialects/anthropic/decode.test.ts",
      ],
    },
    {
      kind: "an answer without text, tool call, refusal or other output",
      covers: "whatever the usage says; `pause_turn`, an empty stop after tool results, a continued answer",
      tests: ["layers/output-guard.test.ts"],
    },
    {
      kind: "tool calls that share an id, an index or a name, come in copies, or go on under new indexes",
      covers:
        "four wires, body and stream, joined candidates and samples; sent back with their results; 20,000 in linear time",
      tests: [
        "dialects/openai/chat-decode.test.ts",
        "dialects/openai/responses-decode.test.ts",
        "dialects/anthropic/decode.test.ts",
        "dialects/google/decode.test.ts",
        "wire/shared-ids.test.ts",
      ],
    },
    {
      kind: "tool calls without a name, with `null` or other arguments that are not an object",
      covers: "four wires, body and stream; arguments that begin with `{}`, grow as snapshots or are repeated",
      tests: ["core/tool-arguments.test.ts", "dialects/anthropic/decode.test.ts", "dialects/google/decode.test.ts"],
    },
  ],
  "Content and state that must survive": [
    {
      kind: "images, audio and files that a target cannot take",
      covers: "primary and fallback, tool results, Gemini before and after 3",
      tests: ["layers/fallback.test.ts", "dialects/google/contents.test.ts", "dialects/openai/chat-encode.test.ts"],
    },
    {
      kind: "opaque state of hosts on the chat wire",
      covers:
        "OpenRouter, Gemini's compatible endpoint, LiteLLM, Copilot, Mistral, vLLM; body and stream; other owners",
      tests: ["model/history.test.ts"],
    },
  ],
  "Errors and waits": [
    {
      kind: "an answer that the model wrote wrongly (`tool_use_failed`, `json_validate_failed`, malformed function calls)",
      covers: "a 400 body and an event in a 200, four wires, words without a code; the text is in `partial` only",
      tests: ["wire/model-failures.test.ts", "core/failure.test.ts"],
    },
    {
      kind: "waits in headers, bodies and words",
      covers: "seconds, epochs, Go durations, dates, IETF `ratelimit`, RetryInfo; a reset beyond `max_retry_after`",
      tests: ["core/failure.test.ts", "wire/waits.test.ts"],
    },
    {
      kind: "bytes that are not HTTP",
      covers: "ten kinds, four wires, body and stream, fallback, a `fetch` of the caller",
      tests: ["wire/not-http.test.ts"],
    },
    {
      kind: "an authentication header of the entry or the call beside the key",
      covers: "eight routes, four headers, body and stream",
      tests: ["wire/authorization.test.ts"],
    },
    {
      kind: "tools that a model takes on the Responses wire only",
      covers: "per call, per entry, tool histories, own `base_url`, Azure, later ids",
      tests: ["model/tools-over-responses.test.ts"],
    },
    {
      kind: "an error of another library",
      covers: "before and after sending; our transport and the caller's",
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
      kind: "usage that is reported twice, partly, or in numbers that are not counts",
      covers: "four wires, body and stream, custom dialects",
      tests: ["dialects/usage-reports.test.ts", "model/exact-or-null.test.ts"],
    },
    {
      kind: "a request above `max_input_bytes`",
      covers: "entry, call, fallbacks; text, data, tool arguments and results",
      tests: ["core/adapt.test.ts"],
    },
  ],
  "Streams, breaker, clocks": [
    {
      kind: "batches that nobody takes while the reply is read",
      covers: "the order of events, a reader that takes some of them, linear time",
      tests: ["model/reading.test.ts", "model/cursor.test.ts"],
    },
    {
      kind: "a stream that its reader left without closing it",
      covers: "socket, slot, probe; samples, hedges, fallbacks; while the server sends; `deadline` and abort",
      tests: ["model/left-streams.test.ts", "wire/clocks.test.ts"],
    },
    {
      kind: "a probe of a half-open breaker that ends neither well nor badly",
      covers: "reader that stops, 4xx, abort, never sent; a wall clock that is set back",
      tests: ["layers/circuit-breaker.test.ts", "properties/circuit-breaker.test.ts"],
    },
    {
      kind: "a stalled body of a call that does not stream",
      covers: "`first_token_timeout`, `silence_timeout`, four wires; a break at the moment of a limit",
      tests: ["wire/clocks.test.ts", "layers/attempt-clocks.test.ts", "transport/flight.test.ts"],
    },
    {
      kind: "the abort of one of several calls that share a request",
      covers: "leader, follower, all; attempts counted once",
      tests: ["layers/cache.test.ts", "model/cache-over-wires.test.ts"],
    },
    {
      kind: "usage above the declared window",
      covers: "four wires, body and stream",
      tests: ["wire/prompt-window.test.ts", "layers/meter.test.ts"],
    },
  ],
  "Secrets and hostile text": [
    {
      kind: "a secret under any of its names",
      covers: "`explain`, `model.config`, problems, excerpts, echoes of `extra_body`, keys as header names",
      tests: ["security/secret-names.test.ts"],
    },
    {
      kind: "an answer quoted outside of `partial`",
      covers: "messages, causes, logs of `invalid_output`",
      tests: ["model/quoted-answers.test.ts"],
    },
    {
      kind: "a model name that changes the path",
      covers: "Gemini, Vertex, Azure; body, stream, token count",
      tests: ["wire/model-names.test.ts"],
    },
    {
      kind: "control characters of a provider in a terminal",
      covers: "errors, listings, answers, JSON",
      tests: ["cli/hostile-text.test.ts"],
    },
    {
      kind: "a placeholder of another tool as a credential",
      covers: "keys, lists of keys, headers, defaults, profiles, values of variables",
      tests: ["config/placeholders.test.ts"],
    },
    {
      kind: "a reply of any depth",
      covers: "four wires",
      tests: ["core/bounded-depth.test.ts"],
    },
  ],
  "Files, variables, terminals": [
    {
      kind: "text in another encoding",
      covers: "BOM, UTF-16, CRLF in `.env`, models.toml, `file:`, pipes and attachments",
      tests: ["config/dotenv.test.ts", "config/load.test.ts", "cli/run.test.ts"],
    },
    {
      kind: "a path that is not a file",
      covers: "dangling and looping links, folders, pipes, devices",
      tests: ["config/load.test.ts", "config/dotenv.test.ts", "cli/run.test.ts", "security/files.test.ts"],
    },
    {
      kind: "variables with several lines",
      covers: "prompts and bodies take them; credentials, headers and addresses do not",
      tests: ["config/references.test.ts"],
    },
    {
      kind: "proxy variables as curl and undici read them",
      covers: "empty, without scheme, lower case; NO_PROXY with wildcards, ports, IPv6, CIDR",
      tests: ["core/proxy.test.ts"],
    },
    {
      kind: "names that need quotes, settings without effect",
      covers:
        "`[models.gpt-4.1]`, `[[models]]`, weights, own fallbacks, patterns without a file, equal tool names, options",
      tests: ["config/bad.test.ts", "config/include.test.ts", "model/scopes.test.ts"],
    },
    {
      kind: "schemas that JSON cannot hold",
      covers: "zod, zod/mini, zod 3, other libraries; objects and tool parameters",
      tests: ["model/object.test.ts"],
    },
    {
      kind: "output that cannot be written, Ctrl-C, an excerpt of a line of any length",
      covers: "every command",
      tests: ["cli/main.test.ts", "cli/run.test.ts", "cli/code-frame.test.ts"],
    },
  ],
  Bundles: [
    {
      kind: "a program without node_modules",
      covers: "esbuild and rolldown, ESM and CommonJS, four wires",
      tests: ["package/bundles.test.ts"],
    },
  ],
};

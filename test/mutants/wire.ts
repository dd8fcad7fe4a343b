import { always, drop, instead, never, replace, skip, unwrap } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const ANSWERS = ["test/transport/answers.test.ts"];
const MESSAGES = ["test/transport/messages.test.ts"];
const SETTLING = ["test/transport/settling.test.ts"];
const CONNECTIONS = ["test/transport/connections.test.ts"];
const REDIRECT = ["test/transport/redirect.test.ts", ...CONNECTIONS];
const SILENCE = ["test/transport/silence-clock.test.ts"];
const FLOW = ["test/transport/body.test.ts"];
const EXCHANGE = ["test/dialects/exchange.test.ts"];

/** Bytes, sockets and their events. */
export const wire = [
  ...mutantsOf(
    "src/core/clock.ts",
    ["test/wire/blocked-thread.test.ts"],
    [
      [
        "limit-before-reading",
        "a limit that passed while the thread was blocked ends a call whose answer has arrived",
        "scheduleLimit",
        never("clock.monotonic() - dueMs > SAME_MOMENT_MS"),
      ],
    ],
  ),
  ...mutantsOf("src/transport/flight.ts", MESSAGES, [
    [
      "flight-cut-is-end",
      "a connection that breaks in the middle of a body ends it like a complete one",
      "Flight.onResponseError",
      replace("this.#fail(new BodyCut(error))", "this.#end(this.#body)"),
    ],
    [
      "flight-silence-while-paused",
      "silence_timeout runs while the socket is paused",
      "Flight.pause",
      skip("this.#silence.suspend"),
    ],
    ["flight-socket-left", "a cancelled request leaves its socket open", "Flight.cancel", skip("this.#closeSocket")],
    [
      "flight-failure-drops-events",
      "events received before a connection broke are lost",
      "Flight.#fail",
      replace("false", "true"),
    ],
    [
      "flight-silence-of-streams-only",
      "silence_timeout applies only to streams",
      "Flight.#answer",
      instead("this.#silence.watch", "if (this.#exchange.streaming) this.#silence.watch();"),
    ],
  ]),
  ...mutantsOf(
    "src/transport/flight.ts",
    ["test/transport/flight.test.ts"],
    [
      [
        "flight-cut-of-a-silent-body",
        "a connection that breaks at the moment of silence_timeout is reported as a connection failure and retried",
        "Flight.onResponseError",
        never("this.#silence.isDue"),
      ],
    ],
  ),
  ...mutantsOf("src/transport/flight.ts", SETTLING, [
    [
      "flight-signal-listener-left",
      "a finished request keeps its listener on the caller's signal",
      "Flight.#settle",
      skip("this.#signal?.removeEventListener"),
    ],
    [
      "flight-scope-listener-left",
      "a finished request keeps its listener on the call",
      "Flight.#settle",
      skip("this.#offCancel"),
    ],
    [
      "flight-silence-clock-left",
      "the silence timer outlives its request",
      "Flight.#settle",
      skip("this.#silence.stop"),
    ],
    [
      "flight-aborted-signal-unseen",
      "a request with an already aborted signal is sent",
      "Flight.start",
      never("this.#signal?.aborted === true"),
    ],
  ]),
  ...mutantsOf("src/transport/flight.ts", CONNECTIONS, [
    [
      "flight-connect-clock-runs-on",
      "connect_timeout ends a request whose connection is established",
      "Flight.onRequestStart",
      skip("this.#stopConnectTimer"),
    ],
    [
      "flight-not-sent",
      "a request that was sent is reported as not sent",
      "Flight.onRequestStart",
      skip("this.#exchange.sent"),
    ],
    [
      "flight-connection-half-open",
      "a cancelled connection attempt leaves its socket open",
      "Flight.#closeSocket",
      skip("this.connecting?.destroy"),
    ],
    ["flight-redirects-forever", "redirects are not counted", "Flight.#redirect", skip("this.#redirects")],
  ]),
  ...mutantsOf(
    "src/transport/flight.ts",
    ["test/transport/reused-connection.test.ts"],
    [
      [
        "flight-never-reused",
        "a reused connection closed by the server is reported as a failure of the server",
        "Flight.onRequestStart",
        never("this.connecting === undefined"),
      ],
    ],
  ),
  ...mutantsOf("src/transport/redirect.ts", REDIRECT, [
    [
      "redirect-to-anywhere",
      "a redirect to another origin receives the API key and the prompt",
      "redirectTarget",
      never("target.origin !== origin"),
    ],
    [
      "redirect-out-of-tls",
      "a redirect from https to http on the same host receives the API key and the prompt",
      "redirectTarget",
      replace("target.origin !== origin", "target.hostname !== new URL(from).hostname"),
    ],
    ["redirect-302", "a 302 redirect is followed", "redirectTarget", never("status !== 307")],
  ]),
  ...mutantsOf("src/transport/fetch.ts", ANSWERS, [
    ["no-identity-encoding", "streams are requested with compression", "outgoingOf", never("streaming")],
  ]),
  ...mutantsOf("src/transport/fetch.ts", SETTLING, [
    ["closed-transport-sends", "a closed transport sends requests", "createTransport", never("closed")],
  ]),
  ...mutantsOf("src/transport/decoder.ts", MESSAGES, [
    [
      "gzip-cut-is-damage",
      "a truncated compressed stream is reported as malformed",
      "failureOf",
      never('error.code === "Z_BUF_ERROR"'),
    ],
  ]),
  ...mutantsOf("src/transport/response.ts", ANSWERS, [
    [
      "endless-error-body",
      "an error body is read without a limit",
      "HttpResponse.#onText",
      never("body.bytes > MAX_ERROR_BYTES"),
    ],
    [
      "body-cut-is-text",
      "a truncated body is returned as complete text",
      "HttpResponse.#onFailedText",
      never("this.ok"),
    ],
  ]),
  ...mutantsOf(
    "src/transport/malformed-lines.ts",
    ["test/transport/sse.test.ts"],
    [
      [
        "damaged-line-forgotten-between-reads",
        "a malformed line is not detected if its field name spans two reads",
        "MalformedLines.#readName",
        instead("this.#head", "this.#head = text.slice(start, end);"),
      ],
      [
        "damaged-data-is-a-field",
        "a malformed data field is ignored like an unknown field",
        "isField",
        drop("!isDamagedData(name.toLowerCase())"),
      ],
      [
        "unknown-field-is-damage",
        "an unknown field with an object as its value fails the stream",
        "isField",
        never("name !== undefined"),
      ],
      [
        "damaged-line-after-object",
        "text after an object on the same line is ignored",
        "MalformedLines.skipName",
        skip("this.#isField"),
      ],
    ],
  ),
  ...mutantsOf("src/transport/message-reader.ts", MESSAGES, [
    [
      "reader-cut-is-end",
      "a truncated stream is read as complete",
      "MessageReader.#advance",
      instead("this.#failure", "return END;"),
    ],
    [
      "reader-ignores-the-abort",
      "events are delivered after an abort",
      "MessageReader.next",
      skip("this.#source.throwIfCancelled"),
    ],
    [
      "reader-leaves-the-socket",
      "a reader that stops early keeps the socket",
      "MessageReader.#leave",
      never('body.state === "open"'),
    ],
  ]),
  ...mutantsOf(
    "src/transport/sse.ts",
    ["test/transport/sse.test.ts"],
    [
      [
        "sse-half-an-event",
        "an event without its blank line counts as complete",
        "SseFramer.end",
        drop("unended: true"),
      ],
      ["sse-without-limit", "an event may be of any size", "SseFramer.#feedEvents", never("this.#tooLong")],
      ["sse-damage-ignored", "a malformed line is ignored", "SseFramer.#feedEvents", never("damageAt >= 0")],
      [
        "sse-events-before-damage-lost",
        "events before a malformed line are lost",
        "SseFramer.#feedEvents",
        replace("events.slice(0, damageAt)", '""'),
      ],
      ["sse-nul-kept", "a NUL character hides the field after it", "SseFramer.#feed", unwrap("this.#marks.remove")],
      [
        "sse-split-characters",
        "a character split across two reads is lost",
        "SseFramer.#decode",
        always("whole && !this.#split"),
      ],
    ],
  ),
  ...mutantsOf("src/transport/silence-clock.ts", SILENCE, [
    [
      "silence-of-our-own",
      "the silence timer runs while it is suspended",
      "SilenceClock.suspend",
      skip("this.#suspended"),
    ],
    [
      "silence-before-resume",
      "the time of a pause counts as silence",
      "SilenceClock.resume",
      never("this.#lastMs !== undefined"),
    ],
    [
      "silence-starts-early",
      "the time before the first byte counts as silence",
      "SilenceClock.watch",
      always("this.#lastMs !== undefined"),
    ],
    [
      "silence-ignores-bytes",
      "received bytes do not restart the silence timer",
      "SilenceClock.touch",
      replace("this.#lastMs = this.#clock.monotonic()", "this.#lastMs ??= this.#clock.monotonic()"),
    ],
  ]),
  ...mutantsOf("src/transport/body.ts", FLOW, [
    ["body-without-backpressure", "a slow reader does not pause the socket", "Body.push", skip("this.flow.pause")],
    ["body-never-resumes", "a paused socket is never resumed", "Body.#resume", never('this.state === "open"')],
    [
      "body-goes-on-after-its-end",
      "bytes after the end of a body are delivered",
      "Body.push",
      never('this.state !== "open"'),
    ],
    ["body-keeps-what-was-cancelled", "a cancelled body delivers what it has buffered", "Body.fail", never("drop")],
  ]),
  ...mutantsOf("src/dialects/exchange.ts", EXCHANGE, [
    [
      "idle-counts-pings",
      "pings restart idle_timeout",
      "decodeStream",
      replace("if (batch.length > 0) yield batch; batch = [];", "yield batch; batch = [];"),
    ],
  ]),
];

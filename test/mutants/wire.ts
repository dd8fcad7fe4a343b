import { mutantsOf } from "./mutant.ts";

const ANSWERS = ["test/transport/answers.test.ts"];
const MESSAGES = ["test/transport/messages.test.ts"];
const SETTLING = ["test/transport/settling.test.ts"];
const CONNECTIONS = ["test/transport/connections.test.ts"];
const REDIRECT = ["test/transport/redirect.test.ts", ...CONNECTIONS];
const SILENCE = ["test/transport/silence-clock.test.ts"];
const FLOW = ["test/transport/body.test.ts"];
const EXCHANGE = ["test/dialects/exchange.test.ts"];

/** Bytes, sockets, and what the events on them mean. */
export const wire = [
  ...mutantsOf("src/transport/flight.ts", MESSAGES, [
    [
      "flight-cut-is-end",
      "a connection that breaks in the middle of a body ends it",
      "else if (this.#body !== undefined) this.#fail(new BodyCut(error));",
      "else if (this.#body !== undefined) this.#end(this.#body);",
    ],
    [
      "flight-silence-while-paused",
      "the silence of a socket that is not read kills it",
      "    this.#silence.suspend();\n",
      "",
    ],
    ["flight-socket-left", "a cancelled request leaves its socket open", "    this.#closeSocket(reason);\n", ""],
    [
      "flight-failure-drops-events",
      "what arrived before a connection broke is lost",
      "if (this.#body !== undefined) this.#body.fail(failure, false);",
      "if (this.#body !== undefined) this.#body.fail(failure, true);",
    ],
    [
      "flight-silence-of-streams-only",
      "only a stream is watched for silence",
      "    this.#silence.watch();\n",
      "    if (this.#exchange.streaming) this.#silence.watch();\n",
    ],
  ]),
  ...mutantsOf(
    "src/transport/flight.ts",
    ["test/transport/flight.test.ts"],
    [
      [
        "flight-cut-of-a-silent-body",
        "a connection that breaks in the moment of silence_timeout is retried as a failure of its own",
        "    else if (this.#silence.isDue) this.#onSilence();\n",
        "",
      ],
    ],
  ),
  ...mutantsOf("src/transport/flight.ts", SETTLING, [
    [
      "flight-signal-listener-left",
      "the caller's signal keeps a listener",
      '    this.#signal?.removeEventListener("abort", this.#onAbort);\n',
      "",
    ],
    ["flight-scope-listener-left", "the scope of the call keeps a listener", "    this.#offCancel?.();\n", ""],
    ["flight-silence-clock-left", "the silence clock outlives its request", "    this.#silence.stop();\n", ""],
    [
      "flight-aborted-signal-unseen",
      "a signal that was aborted before sends the request",
      "if (this.#signal?.aborted === true) this.#onAbort();",
      "",
    ],
  ]),
  ...mutantsOf("src/transport/flight.ts", CONNECTIONS, [
    [
      "flight-connect-clock-runs-on",
      "the connect clock kills a server that takes its time to answer",
      "    this.connecting = undefined;\n    this.#stopConnectTimer();\n",
      "    this.connecting = undefined;\n",
    ],
    ["flight-not-sent", "a request that went out is said not to have left", "    this.#exchange.sent = true;\n", ""],
    [
      "flight-connection-half-open",
      "giving up on a connection leaves it half open",
      "    this.connecting?.destroy(error);\n",
      "",
    ],
    ["flight-redirects-for-ever", "redirects are not counted", "    this.#redirects += 1;\n", ""],
  ]),
  ...mutantsOf(
    "src/transport/flight.ts",
    ["test/transport/reused-connection.test.ts"],
    [
      [
        "flight-never-reused",
        "an idle connection that its server closed looks like a failure of the server",
        "this.#reused = this.connecting === undefined && this.#exchange.proxy === undefined;",
        "this.#reused = false;",
      ],
    ],
  ),
  ...mutantsOf("src/transport/redirect.ts", REDIRECT, [
    [
      "redirect-to-anywhere",
      "key and prompt follow a redirect to another origin",
      "if (target.origin !== origin) throw blocked(origin, target.origin);",
      "",
    ],
    [
      "redirect-out-of-tls",
      "key and prompt follow a redirect from https to http of the same host",
      "if (target.origin !== origin) throw",
      "if (target.hostname !== new URL(from).hostname) throw",
    ],
    ["redirect-302", "a 302 is followed", "if (status !== 307 && status !== 308) throw", "if (status < 302) throw"],
  ]),
  ...mutantsOf("src/transport/fetch.ts", ANSWERS, [
    [
      "no-identity-encoding",
      "streams are asked for in compressed form",
      'streaming ? "identity" : "gzip, deflate, br"',
      '"gzip, deflate, br"',
    ],
  ]),
  ...mutantsOf("src/transport/fetch.ts", SETTLING, [
    [
      "closed-transport-sends",
      "a closed transport sends what comes after",
      "    if (closed) throw closedError();\n",
      "",
    ],
  ]),
  ...mutantsOf("src/transport/decoder.ts", MESSAGES, [
    [
      "gzip-cut-is-damage",
      "a compressed stream that is cut is called damaged",
      'if (error.code === "Z_BUF_ERROR") return new BodyCut(error);',
      "",
    ],
  ]),
  ...mutantsOf("src/transport/response.ts", ANSWERS, [
    [
      "endless-error-body",
      "an error answer is read without end",
      "!this.ok && body.bytes > MAX_ERROR_BYTES",
      "!this.ok && body.bytes < 0",
    ],
    [
      "body-cut-is-text",
      "a body that was cut is the whole text",
      "else if (this.ok) reject(",
      "else if (!this.ok && this.ok) reject(",
    ],
  ]),
  ...mutantsOf(
    "src/transport/damaged-lines.ts",
    ["test/transport/sse.test.ts"],
    [
      [
        "damaged-line-forgotten-between-reads",
        "a damaged line is not seen when its name came in an earlier read",
        "    this.#head += text.slice",
        "    this.#head = text.slice",
      ],
      [
        "damaged-data-is-a-field",
        "a damaged data field is ignored like an unknown one",
        "(name !== undefined && !isDamagedData(name.toLowerCase()))",
        "name !== undefined",
      ],
      [
        "unknown-field-is-damage",
        "an unknown field that holds an object ends the stream",
        "return FIELD.test(line) || (name",
        "return FIELD.test(line) || (name === null && name",
      ],
      [
        "damaged-line-after-object",
        "what follows an object on its line is ignored",
        "    this.#isField = false;\n",
        "",
      ],
    ],
  ),
  ...mutantsOf("src/transport/message-reader.ts", MESSAGES, [
    ["reader-cut-is-end", "the reader takes a cut for the end", "    throw this.#failure();\n", "    return END;\n"],
    ["reader-hears-no-abort", "events are delivered after an abort", "      this.#source.throwIfCancelled();\n", ""],
    [
      "reader-leaves-the-socket",
      "a stream that is left keeps its socket",
      'if (body.state === "open") body.flow.cancel(leftError());\n    else body.take();',
      "body.take();",
    ],
  ]),
  ...mutantsOf(
    "src/transport/sse.ts",
    ["test/transport/sse.test.ts"],
    [
      [
        "sse-half-an-event",
        "an event without its blank line passes for a whole one",
        "out.push({ ...message, unended: true });",
        "out.push(message);",
      ],
      ["sse-without-limit", "an event may grow beyond all bounds", "if (this.#tooLong) throw tooLong();", ""],
      ["sse-damage-ignored", "a damaged line is ignored", "if (damageAt >= 0) throw damagedLine();", ""],
      [
        "sse-events-before-damage-lost",
        "events before a damaged line are lost",
        "damageAt < 0 ? events : events.slice(0, damageAt)",
        'damageAt < 0 ? events : ""',
      ],
      ["sse-marks-left", "a NUL hides the field after it", "let rest = this.#marks.remove(text)", "let rest = text"],
      [
        "sse-split-characters",
        "a character that is split over two reads is lost",
        "if (whole && !this.#split) return chunk",
        "if (chunk.length > 0) return chunk",
      ],
    ],
  ),
  ...mutantsOf("src/transport/silence-clock.ts", SILENCE, [
    ["silence-of-our-own", "the silence of a suspended clock counts", "    this.#suspended = true;\n", ""],
    [
      "silence-before-resume",
      "after a pause the time of the pause counts",
      "if (this.#lastMs !== undefined) this.touch();",
      "",
    ],
    [
      "silence-starts-early",
      "the time before the first byte counts",
      "if (this.#lastMs !== undefined) this.#arm(this.#limitMs);",
      "this.#arm(this.#limitMs);",
    ],
    [
      "silence-ignores-bytes",
      "bytes do not move the clock",
      "    this.#lastMs = this.#clock.monotonic();\n",
      "    this.#lastMs ??= this.#clock.monotonic();\n",
    ],
  ]),
  ...mutantsOf("src/transport/body.ts", FLOW, [
    ["body-without-backpressure", "a slow reader fills the memory", "      this.flow.pause();\n", ""],
    [
      "body-never-resumes",
      "a socket that was paused is never read again",
      'if (this.state === "open") this.flow.resume();',
      "",
    ],
    [
      "body-goes-on-after-its-end",
      "bytes after the end are delivered",
      'if (this.state !== "open") return;\n    this.#chunks.push(chunk);',
      "this.#chunks.push(chunk);",
    ],
    ["body-keeps-what-was-cancelled", "what a cancelled body holds is delivered", "if (drop) this.take();", ""],
  ]),
  ...mutantsOf("src/dialects/exchange.ts", EXCHANGE, [
    [
      "idle-counts-pings",
      "pings keep a silent model alive",
      "      if (batch.length > 0) yield batch;\n      batch = [];",
      "      yield batch;\n      batch = [];",
    ],
  ]),
];

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { rateLimitOf, retryAfterOf } from "../../src/core/answer-headers.ts";
import { ConfigError } from "../../src/core/config-error.ts";
import { parseDuration, untilDate } from "../../src/core/duration.ts";
import { isModelError } from "../../src/core/error.ts";
import { readBody } from "../../src/core/error-body.ts";
import { ERROR_CODES } from "../../src/core/error-codes.ts";
import { modelErrorOf } from "../../src/core/failure.ts";
import type { SseMessage } from "../../src/core/transport.ts";
import { ModelFactory } from "../../src/factory/factory.ts";
import { Body } from "../../src/transport/body.ts";
import { MessageReader } from "../../src/transport/message-reader.ts";
import { SseFramer } from "../../src/transport/sse.ts";
import { targetOf } from "../harness/call-of.ts";
import { fixture, hasFixtures } from "../harness/fixtures.ts";
import type { FuzzTarget } from "./fuzz.ts";

const bytes = (texts: readonly string[]) => texts.map((text) => Buffer.from(text));
const own = (module: string) => new RegExp(`/src/(?:${module})`);
const untouched = Object.getOwnPropertyNames(Object.prototype).join();

/** What a fuzzer may have changed for everybody. */
function assertNothingPolluted(): void {
  assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), untouched);
}

/** Every script of faults.json, as text: bodies, events and headers of real failures. */
function faultTexts(): readonly string[] {
  if (!hasFixtures("reference/faults.json")) return [];
  const rows = JSON.parse(readFileSync(fixture("reference/faults.json"), "utf8")) as readonly {
    readonly wire: unknown;
  }[];
  return rows.map(({ wire }) => JSON.stringify(wire));
}

/** The reader of event streams: any bytes, in any pieces, under a telling or a vague content-type. */
const sse: FuzzTarget = {
  name: "sse",
  covers: own("transport/"),
  words: [
    ...["data:", "data: ", "event: error\n", "id:", "retry: 5\n", ": ping\n\n", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n"],
    ...['{"a":"b"}', '{"error":{"message":"x"}}', "{", "}", '"', "\\", "[DONE]", "\uFEFF", "é", "😀", "\0", " "],
  ],
  seeds: () =>
    bytes([
      '1data: {"a":"né €😀"}\n\n: ping\n\ndata: one\ndata: two\nid: 4\n\ndata:[DONE]\n\n',
      '2\uFEFFevent: e\r\ndata: {"a":1}\r\n\r\n{"error":{"message":"x }"}}\r\ndata: last',
      "2   \n\nretry: 5\rdata: x\r\r",
      "2<html><title>no</title>",
      ...faultTexts().map((text) => `1${text.replaceAll('["data",', "\n\ndata: ")}`),
    ]),
  async check(input) {
    const contentType = (input[0] ?? 0) % 2 === 1 ? "text/event-stream" : null;
    const body = input.subarray(1);
    const whole = await outcomeOf([body], contentType);
    const middle = body.length >> 1;
    const third = Math.ceil(body.length / 3) + 1;
    assert.deepEqual(
      await outcomeOf(
        [...body].map((byte) => Buffer.of(byte)),
        contentType,
      ),
      whole,
    );
    assert.deepEqual(await outcomeOf([body.subarray(0, middle), body.subarray(middle)], contentType), whole);
    assert.deepEqual(await outcomeOf([body.subarray(0, third), body.subarray(third)], contentType), whole);
    assertNothingPolluted();
  },
  work(input) {
    const framer = new SseFramer();
    const out: SseMessage[] = [];
    try {
      for (let at = 0; at < input.length; at += 16_384) framer.push(input.subarray(at, at + 16_384), out);
      framer.end(out);
    } catch (error) {
      if (!isModelError(error)) throw error;
    }
  },
};

const NO_FLOW = { pause() {}, resume() {}, watch() {}, cancel() {} };

/** The events a reader gets of a body, or the code of its error. */
async function outcomeOf(pieces: readonly Buffer[], contentType: string | null): Promise<unknown> {
  const body = new Body(NO_FLOW);
  const reader = new MessageReader({ body, url: "here", contentType, throwIfCancelled() {} });
  const all: SseMessage[] = [];
  const reading = (async () => {
    for await (const batch of reader) all.push(...batch);
    return all.map(({ event, data, unended = false }) => ({ event, data, unended }));
  })();
  for (const piece of pieces) if (piece.length > 0) body.push(piece);
  body.end();
  try {
    return await reading;
  } catch (error) {
    if (!isModelError(error)) throw error;
    return error.code;
  }
}

/** Failed answers: a status and headers in lines, an empty line, a body. */
const answer: FuzzTarget = {
  name: "answer",
  covers: own("core/"),
  words: [
    ...[
      "429\n",
      "500\n",
      "retry-after: ",
      "retry-after-ms: ",
      "date: ",
      "x-should-retry: ",
      "\n\n",
      "5",
      "1e5",
      "6m0s",
      "-1",
    ],
    ...["x-ratelimit-remaining-requests: 0\n", "x-ratelimit-reset-requests: 1s\n", "Wed, 21 Oct 2026 07:28:00 GMT"],
    ...['{"error":', '{"message":"', '"type":"', '"code":', "insufficient_quota", "context_length_exceeded", "<html>"],
    ...["<title>", "</title>", "__proto__", "[", "]", "{", "}", '"', "\\", "null", "limit: 0", "per day", "PerMinute"],
  ],
  seeds: () =>
    bytes([
      '429\nretry-after: 5\nx-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 6m0s\n\n{"error":{"message":"slow down","type":"rate_limit_error"}}',
      '400\nx-should-retry: true\n\n{"error":{"message":"maximum context length","code":"context_length_exceeded"}}',
      "502\ndate: Wed, 21 Oct 2026 07:28:00 GMT\n\n<html><title>Bad Gateway</title>",
      '500\nretry-after: Wed, 21 Oct 2026 07:28:09 GMT\n\n{"error":{"details":[{"retryDelay":"3s"}],"status":"RESOURCE_EXHAUSTED"}}',
      ...faultTexts().map((text) => `429\n\n${text}`),
    ]),
  check(input) {
    const failure = failureIn(input);
    const error = modelErrorOf(failure, targetOf());
    assert.ok(isModelError(error) && Object.hasOwn(ERROR_CODES, error.code));
    assert.deepEqual(modelErrorOf(failure, targetOf()), error);
    const limits = rateLimitOf(failure.headers, 0);
    const waits = [
      error.retryAfterMs,
      retryAfterOf({ ...failure, body: readBody(failure.body) }, true),
      limits?.requests?.resetMs,
    ];
    const texts = [...failure.headers.values(), failure.body.slice(0, 100)];
    for (const wait of [...waits, ...texts.flatMap((text) => [parseDuration(text), untilDate(text, 0)])])
      assert.ok(wait === undefined || (Number.isFinite(wait) && wait >= 0), `a wait of ${wait}`);
    assertNothingPolluted();
  },
  work(input) {
    modelErrorOf({ status: 500, body: input.toString(), nowMs: 0 }, targetOf());
  },
};

function failureIn(input: Buffer) {
  const [head = "", ...rest] = input.toString().split("\n\n");
  const [first = "", ...lines] = head.split("\n");
  const headers = new Headers();
  for (const line of lines) {
    const [name = "", value = ""] = line.split(": ");
    if (/^[a-z-]+$/.test(name)) headers.append(name, value.replace(/[^\x20-\x7e]/g, ""));
  }
  const status = Number.parseInt(first, 10);
  return { status: Number.isNaN(status) ? undefined : status, headers, body: rest.join("\n\n"), nowMs: 0 };
}

/** A models.toml that anybody may have written. */
const toml: FuzzTarget = {
  name: "toml",
  covers: own("config/|factory|resolve|catalog/lookup"),
  words: [
    ...[
      "[models.a]\n",
      "[defaults]\n",
      "[providers.p]\n",
      "[profiles.x]\n",
      "[cache]\n",
      "[[",
      "]]",
      "name = ",
      "provider = ",
    ],
    ...[
      '"openai"',
      '"simulator"',
      "api_key = ",
      '"env:KEY"',
      '"env:K:-v"',
      "extends = ",
      "fallback_models = [",
      "]",
      "\n",
    ],
    ...[
      "num_retries = 3\n",
      'timeout = "5s"\n',
      "__proto__",
      "constructor",
      ".",
      "=",
      "{",
      "}",
      '"',
      "'''",
      '"""',
      "#",
    ],
    ...[
      "true",
      "-1",
      "1e9",
      "nan",
      "1979-05-27",
      "\\u0000",
      "é",
      "custom_llm_provider",
      "base_url",
      "tools",
      "pricing",
    ],
  ],
  seeds: () =>
    ["good", "bad"].flatMap((folder) => {
      const path = resolve(import.meta.dirname, "../config", folder);
      return readdirSync(path)
        .filter((name) => name.endsWith(".toml"))
        .map((name) => readFileSync(resolve(path, name)).subarray(0, 2_048));
    }),
  async check(input) {
    const factory = onlyConfigErrors(() => ModelFactory.parse(input.toString(), { env: {} }));
    for (const name of factory?.names() ?? []) onlyConfigErrors(() => factory?.get(name));
    await factory?.close();
    assertNothingPolluted();
  },
  work(input) {
    onlyConfigErrors(() => ModelFactory.parse(input.toString(), { env: {} }));
  },
};

function onlyConfigErrors<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.ok(error.problems.length > 0);
    for (const { line, column, path, message } of error.problems) {
      assert.ok(Number.isInteger(line) && line >= 0 && Number.isInteger(column) && column >= 0);
      assert.ok(typeof path === "string" && message !== "");
    }
    return undefined;
  }
}

/** Breaks for inputs that begin with a word nobody guesses in time without being guided: the proof that this works. */
const planted: FuzzTarget = {
  name: "planted",
  covers: /\/test\/fuzz\/targets/,
  words: ["b", "u", "g", "!", "h", "w", "k", "z"],
  seeds: () => bytes(["seed"]),
  check([first, second, third, fourth]) {
    if (first === 0x62) {
      if (second === 0x75) {
        if (third === 0x67) {
          if (fourth === 0x21) throw new Error("the planted defect");
        }
      }
    }
  },
};

export const TARGETS: readonly FuzzTarget[] = [sse, answer, toml, planted];

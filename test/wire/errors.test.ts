import { inspect } from "node:util";
import { APIError as AnthropicError } from "@anthropic-ai/sdk";
import { ApiError as GoogleError } from "@google/genai";
import { APIError as OpenAIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERROR_CODES, isModelError, ModelError, ModelFactory } from "../../src/index.ts";
import { entryFor, sse, type Tree } from "../harness/recording-files.ts";
import { SMALL_STREAM } from "../harness/small-answers.ts";
import { type Said, type WireServer, wireServer } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { ERROR_CASES, type ErrorCase, type Family } from "./error-cases.ts";

let server: WireServer;
let said: Said | undefined;
beforeAll(async () => {
  server = await wireServer(() => said);
});
afterAll(() => server.close());

const FAMILY: Readonly<Record<Wire, Family>> = {
  openai: "openai",
  "openai-responses": "openai",
  anthropic: "anthropic",
  google: "google",
};
const SDK_ERROR = { openai: OpenAIError, anthropic: AnthropicError, google: GoogleError } as const;
const ID_HEADER: Readonly<Record<Family, string>> = {
  openai: "x-request-id",
  anthropic: "request-id",
  google: "x-request-id",
};
const QUICK = `num_retries = 1
retry_min_wait = "1ms"
retry_max_wait = "2ms"`;

interface Failed {
  readonly error: ModelError;
  readonly requests: number;
}

/** Calls a model of that wire, streaming or not, and returns the error. */
async function fail(
  wire: Wire,
  answer: Said,
  { streaming = false, entry = QUICK }: { streaming?: boolean; entry?: string } = {},
): Promise<Failed> {
  said = answer;
  const before = server.requests.length;
  const own = entryFor({ wire, provider: "some-host", model: "some-model" }, "asked", server.origin);
  const keyless = entry.includes("api_key") || entry.includes("extra_headers");
  const toml = (keyless ? own.replace('api_key = "key-of-the-test"\n', "") : own).replace("num_retries = 0", entry);
  const factory = ModelFactory.parse(toml, { env: {} });
  try {
    const model = factory.get("asked");
    const reply = streaming ? model.stream("Hello").reply : model.codegen("Hello");
    const error = await reply.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ModelError);
    return { error: error as ModelError, requests: server.requests.length - before };
  } finally {
    await factory.close();
  }
}

function bodyOf({ bodies }: ErrorCase, wire: Wire): string | undefined {
  return typeof bodies === "string" ? bodies : bodies[FAMILY[wire]];
}

function saidIn(row: ErrorCase, wire: Wire): Said {
  return {
    status: row.status,
    headers: { [ID_HEADER[FAMILY[wire]]]: "req-of-the-failure", ...row.headers },
    body: bodyOf(row, wire) ?? "",
  };
}

function expectFailure({ error, requests }: Failed, row: ErrorCase, wire: Wire): void {
  expect(error.code).toBe(row.code);
  expect(requests).toBe(row.requests);
  expect(error.attempts).toHaveLength(row.requests);
  expect(error.requestId).toBe("req-of-the-failure");
  expect(error.retryAfterMs).toBe(row.retryAfterMs);
  expect([error.provider, error.model]).toEqual(["some-host", "asked"]);
  if (row.status !== 200) expect(error.message).not.toContain("<html>");
  expect(error.message.startsWith("some-host (some-model): ")).toBe(true);
  expect(error.toJSON()).toEqual({
    error: { message: error.message, type: expect.any(String), code: expect.any(String) },
  });
  expect(error.details()).toMatchObject({ code: row.code, model: "asked", requestId: "req-of-the-failure" });
  expect(error.details().attempts).toHaveLength(row.requests);
  if (row.seenStatus !== null) expect(error.status).toBe(row.seenStatus ?? row.status);
  if (row.headers?.["x-should-retry"] === undefined)
    expect(error.retryable).toBe(error.shouldRetry ?? ERROR_CODES[row.code].retry !== "never");
  if (row.noSdkError !== true) expectSdkError(error.cause, row, wire);
}

function expectSdkError(cause: unknown, row: ErrorCase, wire: Wire): void {
  expect(cause).toBeInstanceOf(SDK_ERROR[FAMILY[wire]]);
  const sdkError = cause as { status: number; headers?: Headers };
  expect(sdkError.status).toBe(row.status);
  expect(sdkError.headers?.get(ID_HEADER[FAMILY[wire]])).toBe("req-of-the-failure");
}

for (const wire of WIRES) {
  describe(`failures on the ${wire} wire`, () => {
    for (const row of ERROR_CASES.filter((one) => bodyOf(one, wire) !== undefined)) {
      const what = `${row.name} is ${row.code}, ${row.requests === 2 ? "tried again" : "not tried again"}`;
      test(what, async () => {
        expectFailure(await fail(wire, saidIn(row, wire)), row, wire);
      });
      test(`${what}, for a stream`, async () => {
        expectFailure(await fail(wire, saidIn(row, wire), { streaming: true }), row, wire);
      });
    }

    test("safeCodegen returns the failure", async () => {
      said = { status: 400, body: "{}" };
      const factory = ModelFactory.parse(
        entryFor({ wire, provider: "some-host", model: "some-model" }, "asked", server.origin),
        { env: {} },
      );
      const outcome = await factory.get("asked").safeCodegen("Hello");
      expect(outcome).toMatchObject({ ok: false, error: { code: "invalid_request", status: 400 } });
      await factory.close();
    });

    test("an error inside a stream keeps its code and the partial, without a retry", async () => {
      const { error, requests } = await fail(wire, brokenStream(wire), { streaming: true });
      expect([error.code, error.partial?.text, error.requestId]).toEqual(["overloaded", "fine", "req-of-the-failure"]);
      expect(error.cause).toMatchObject({ name: "ReportedError", message: "The model is overloaded" });
      expect(requests).toBe(1);
      expect(error.attempts).toMatchObject([{ outcome: "error", possiblyBilled: true }]);
    });

    test("codegen over the streaming wire retries after an error inside the stream", async () => {
      const { error, requests } = await fail(wire, brokenStream(wire), { entry: `${QUICK}\nstream = true` });
      expect([error.code, error.partial?.text]).toEqual(["overloaded", "fine"]);
      expect(requests).toBe(2);
    });

    for (const streaming of [false, true]) {
      test(`a key that the server echoes does not appear in the error${streaming ? " of a stream" : ""}`, async () => {
        const key = 'sk-verysecret/0123456789+abcdef"x';
        const words = `Incorrect API key provided: ${key}. Sent: Bearer ${key}; url-encoded ${encodeURIComponent(key)}`;
        const headers = {
          "x-seen-authorization": `Bearer ${key}`,
          "x-request-id": `req-${key}`,
        };
        const logged: unknown[] = [];
        const body = JSON.stringify({
          type: "error",
          error: { type: "authentication_error", message: words, code: 401, status: "UNAUTHENTICATED", seen: [key] },
        });
        said = { status: 401, headers, body };
        const note = (...words: unknown[]) => void logged.push(words);
        const logger = { debug: note, info: note, warn: note, error: note };
        const toml = entryFor({ wire, provider: "some-host", model: "some-model" }, "asked", server.origin).replace(
          '"key-of-the-test"',
          `'${key}'`,
        );
        const factory = ModelFactory.parse(toml, { env: {}, logger });
        const model = factory.get("asked");
        const error = await (streaming ? model.stream("Hello").reply : model.codegen("Hello")).catch(
          (thrown: unknown) => thrown,
        );
        await factory.close();
        expect(isModelError(error, "unauthorized")).toBe(true);
        expect(
          server.requests.at(-1)?.headers["authorization"] ?? server.requests.at(-1)?.headers["x-goog-api-key"],
        ).toContain(key);
        const shown = everythingOf(error as ModelError);
        for (const secret of [key, encodeURIComponent(key), "verysecret"])
          expect((shown + inspect(logged, { depth: 9 })).includes(secret), secret).toBe(false);
      });
    }
  });
}

const KEY = "the-very-secret-0123456789";

/** Places where a server may echo a key, and where the key may come from. */
const ECHOES: readonly { readonly name: string; readonly answer: Said; readonly entry: string }[] = [
  { name: "a page with 200", answer: { body: `<html>you sent ${KEY}</html>` }, entry: `api_key = "${KEY}"` },
  {
    name: "an event that is not JSON",
    answer: { body: `data: you sent ${KEY}\n\n`, pieceBytes: 20 },
    entry: `api_key = "${KEY}"`,
  },
  {
    name: "an error event",
    answer: { body: `event: error\ndata: {"type":"error","error":{"message":"you sent ${KEY}"}}\n\n`, pieceBytes: 20 },
    entry: `api_key = "${KEY}"`,
  },
  {
    name: "an error body with 200",
    answer: { body: `{"type":"error","error":{"message":"you sent ${KEY}"}}` },
    entry: `api_key = "${KEY}"`,
  },
  {
    name: "a redirect",
    answer: { status: 307, headers: { location: `http://127.0.0.1:9/?key=${KEY}` }, body: "" },
    entry: `api_key = "${KEY}"`,
  },
  {
    name: "the answer to a header of the entry",
    answer: { status: 401, body: `{"error":{"message":"you sent ${KEY}"}}` },
    entry: `extra_headers = { authorization = "Bearer ${KEY}" }`,
  },
  {
    name: "the answer to another header of the entry",
    answer: { status: 403, body: KEY },
    entry: `extra_headers = { x-gateway-token = "${KEY}" }`,
  },
];

for (const wire of WIRES) {
  describe(`on the ${wire} wire, a key is not repeated from`, () => {
    for (const { name, answer, entry } of ECHOES) {
      test(name, async () => {
        for (const streaming of [false, true]) {
          const { error } = await fail(wire, answer, { streaming, entry: `num_retries = 0\n${entry}` });
          const sent = JSON.stringify(server.requests.at(-1)?.headers);
          expect(sent).toContain(KEY);
          expect(everythingOf(error).includes(KEY), everythingOf(error).slice(0, 300)).toBe(false);
        }
      });
    }
  });
}

/** Some text, followed by the way in which this wire reports that the model failed. */
function brokenStream(wire: Wire): Said {
  const words = "The model is overloaded";
  const failed = {
    id: "resp_small",
    object: "response",
    status: "failed",
    error: { code: "overloaded_error", message: words },
    output: [],
  };
  const last: Readonly<Record<Wire, Tree>> = {
    openai: { error: { message: words, type: "overloaded_error", code: 529 } },
    "openai-responses": { type: "response.failed", sequence_number: 9, response: failed },
    anthropic: { type: "error", error: { type: "overloaded_error", message: words } },
    google: { error: { code: 503, status: "UNAVAILABLE", message: words } },
  };
  const body = sse([...SMALL_STREAM[wire].open, last[wire]], wire);
  return { headers: { [ID_HEADER[FAMILY[wire]]]: "req-of-the-failure" }, body, pieceBytes: 64 };
}

/** All ways in which an error reaches a screen or a log. */
function everythingOf(error: ModelError): string {
  const { cause, attempts } = error;
  const sdk = cause as { headers?: Headers; error?: unknown; message?: string } | undefined;
  return [
    error.message,
    error.stack,
    String(error),
    inspect(error, { depth: 9 }),
    inspect(error, { depth: 9, showHidden: true, getters: true }),
    JSON.stringify(error),
    JSON.stringify(attempts),
    JSON.stringify([...(sdk?.headers ?? [])]),
    JSON.stringify(sdk?.error),
    sdk?.message,
    inspect(sdk, { depth: 9 }),
  ].join("\n");
}

import { inspect } from "node:util";
import { APIError as AnthropicError } from "@anthropic-ai/sdk";
import { ApiError as GoogleError } from "@google/genai";
import { APIError as OpenAIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERROR_CODES, isModelError, ModelError, ModelFactory } from "../../src/index.ts";
import { ERROR_CASES, type ErrorCase, type Family } from "./error-cases.ts";
import { entryFor, type Wire } from "./recording-files.ts";
import { WIRES } from "./small-answers.ts";
import { type Said, type WireServer, wireServer } from "./wire-server.ts";

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

/** Asks a model of that wire, streaming or not, and gives how it failed. */
async function fail(
  wire: Wire,
  answer: Said,
  { streaming = false, entry = QUICK, key = "key-of-the-test" } = {},
): Promise<Failed> {
  said = answer;
  const before = server.requests.length;
  const toml = entryFor({ wire, provider: "some-host", model: "some-model" }, "asked", server.origin)
    .replace("num_retries = 0", entry)
    .replace("key-of-the-test", key);
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
  if (row.seenStatus !== null) expect(error.status).toBe(row.seenStatus ?? row.status);
  if (row.headers?.["x-should-retry"] === undefined)
    expect(error.retryable).toBe(ERROR_CODES[row.code].retry !== "never");
  if (row.noSdkError !== true) expectSdkError(error.cause, row, wire);
}

function expectSdkError(cause: unknown, row: ErrorCase, wire: Wire): void {
  expect(cause).toBeInstanceOf(SDK_ERROR[FAMILY[wire]]);
  const sdkError = cause as { status: number; headers?: Headers };
  expect(sdkError.status).toBe(row.status);
  if (FAMILY[wire] !== "google") expect(sdkError.headers?.get(ID_HEADER[FAMILY[wire]])).toBe("req-of-the-failure");
}

for (const wire of WIRES) {
  describe(`failures on the ${wire} wire`, () => {
    for (const row of ERROR_CASES.filter((one) => bodyOf(one, wire) !== undefined)) {
      const what = `${row.name} is ${row.code}, ${row.requests === 2 ? "tried again" : "not tried again"}`;
      test(what, async () => {
        expectFailure(await fail(wire, saidIn(row, wire)), row, wire);
      });
      test(`${what}, when it was to be a stream`, async () => {
        expectFailure(await fail(wire, saidIn(row, wire), { streaming: true }), row, wire);
      });
    }

    test("safeCodegen gives the failure as a value", async () => {
      said = { status: 400, body: "{}" };
      const factory = ModelFactory.parse(
        entryFor({ wire, provider: "some-host", model: "some-model" }, "asked", server.origin),
        { env: {} },
      );
      const outcome = await factory.get("asked").safeCodegen("Hello");
      expect(outcome).toMatchObject({ ok: false, error: { code: "invalid_request", status: 400 } });
      await factory.close();
    });

    for (const streaming of [false, true]) {
      test(`a key that the server echoes is nowhere in the error${streaming ? " of a stream" : ""}`, async () => {
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

/** All ways in which an error gets onto a screen or into a log. */
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

import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";
import { entryFor, sse, type Tree } from "../harness/recording-files.ts";
import { SMALL_BODY, SMALL_STREAM, smallBody } from "../harness/small-answers.ts";
import type { Said } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const QUICK = 'num_retries = 3\nretry_min_wait = "1ms"\nretry_max_wait = "1ms"';
const WRITTEN = "<function=read>{sample.txt";
const FAILED = { message: "Failed to call a function.", type: "invalid_request_error", failed_generation: WRITTEN };

/** One failure as the body of a 400, and as an event inside a 200. */
function saidAs(wire: Wire, error: Tree, streaming: boolean): Said {
  const body = { type: "error", error };
  return streaming ? { body: sse([body], wire), pieceBytes: 64 } : { status: 400, body: JSON.stringify(body) };
}

for (const wire of WIRES) {
  for (const streaming of [false, true]) {
    const keys = `${QUICK}\nstream = ${streaming}`;
    const good: Said = streaming
      ? { body: sse([...SMALL_STREAM[wire].open, ...SMALL_STREAM[wire].end], wire), pieceBytes: 64 }
      : smallBody(wire);
    describe(`malformed model output on the ${wire} wire, ${streaming ? "as an event" : "as a body"}`, () => {
      test.each(["tool_use_failed", "json_validate_failed", "MALFORMED_FUNCTION_CALL"])(
        "%s is retried once and answered",
        async (code) => {
          const bad = saidAs(wire, { ...FAILED, code }, streaming);
          const server = await serving((_, index) => (index === 0 ? bad : good));
          const reply = await modelAt(wire, server.origin, keys).codegen("Hello");
          expect([reply.text, server.requests.length]).toEqual(["fine", 2]);
        },
      );

      test("is retried only once; the output is only in partial", async () => {
        const server = await serving(() => saidAs(wire, { ...FAILED, code: "tool_use_failed" }, streaming));
        const error = await failureOf(modelAt(wire, server.origin, keys).codegen("Hello"));
        expect([error.code, error.partial?.text, server.requests.length]).toEqual(["invalid_tool_call", WRITTEN, 2]);
        expect(inspect([error.message, error.cause, error.attempts], { depth: 9, showHidden: true })).not.toContain(
          "sample.txt",
        );
      });

      test("uses the fallback after that", async () => {
        const server = await serving((request) =>
          request.headers["authorization"]?.includes("spare") || request.headers["x-goog-api-key"] === "spare"
            ? good
            : saidAs(wire, { ...FAILED, code: "json_validate_failed" }, streaming),
        );
        const entry = (name: string, more: string) =>
          entryFor({ wire, provider: "some-host", model: "some-model" }, name, server.origin, more).replace(
            "num_retries = 0\n",
            "",
          );
        const toml =
          entry("asked", `${keys}\nfallback_models = ["spare"]`) +
          entry("spare", keys).replace("key-of-the-test", "spare");
        const factory = ModelFactory.parse(toml, { env: {} });
        onTestFinished(() => factory.close());
        const reply = await factory.get("asked").codegen("Hello");
        expect([reply.text, server.requests.length]).toEqual(["fine", 3]);
      });
    });
  }
}

/** The answer of a host that passes on the reason of the model behind it. */
const ENDED: readonly (readonly [string, Wire, Tree])[] = [
  ["a finish reason", "openai", chatEnd("malformed_function_call")],
  ["a finish reason behind a colon", "openai", chatEnd("function_call_filter: MALFORMED_FUNCTION_CALL")],
  [
    "a native reason next to an error",
    "openai",
    {
      choices: [
        {
          index: 0,
          message: { content: null },
          finish_reason: "error",
          native_finish_reason: "MALFORMED_FUNCTION_CALL",
          error: { code: 502, message: "failed" },
        },
      ],
    },
  ],
  ["a native reason beside a stop", "openai", chatEnd("stop", "MALFORMED_FUNCTION_CALL")],
  [
    "an incomplete response",
    "openai-responses",
    {
      ...SMALL_BODY["openai-responses"],
      status: "incomplete",
      incomplete_details: { reason: "malformed_function_call" },
    },
  ],
  [
    "a failed response",
    "openai-responses",
    {
      ...SMALL_BODY["openai-responses"],
      output: [],
      status: "failed",
      error: { code: "tool_use_failed", message: "no" },
    },
  ],
  ["a stop reason", "anthropic", { ...SMALL_BODY.anthropic, stop_reason: "malformed_tool_use" }],
  ["Gemini's reason", "google", googleEnd("MALFORMED_FUNCTION_CALL")],
  ["Gemini's reason in small letters", "google", googleEnd("malformed_function_call")],
];

function chatEnd(finish_reason: string, native_finish_reason?: string): Tree {
  return {
    choices: [{ index: 0, message: { role: "assistant", content: null }, finish_reason, native_finish_reason }],
  };
}

function googleEnd(finishReason: string): Tree {
  return { candidates: [{ content: {}, finishReason, finishMessage: "Malformed function call: print(sample.txt)" }] };
}

describe("an answer that ended with a malformed call", () => {
  test.each(ENDED)("is invalid_tool_call: %s", async (_, wire, body) => {
    const server = await serving(() => ({ body: JSON.stringify(body) }));
    const error = await failureOf(modelAt(wire, server.origin, QUICK).codegen("Hello"));
    expect([error.code, server.requests.length]).toEqual(["invalid_tool_call", 2]);
    expect(error.message).not.toContain("sample.txt");
    if (wire === "google") expect(error.partial?.text).toContain("sample.txt");
  });
});

describe("an answer blocked by Claude's filter", () => {
  const blocked = { type: "invalid_request_error", message: "Output blocked by content filtering policy" };
  test.each([false, true])("uses content_policy_fallbacks (in a stream: %s)", async (streaming) => {
    const server = await serving((request) =>
      JSON.parse(request.body).model === "other" ? smallBody("anthropic") : saidAs("anthropic", blocked, streaming),
    );
    const entry = (name: string, model: string, more = "") =>
      entryFor({ wire: "anthropic", provider: "some-host", model }, name, server.origin, more);
    const toml =
      entry("asked", "some-model", `stream = ${streaming}\ncontent_policy_fallbacks = ["other"]`) +
      entry("other", "other");
    const factory = ModelFactory.parse(toml, { env: {} });
    onTestFinished(() => factory.close());
    expect((await factory.get("asked").codegen("Hello")).text).toBe("fine");
    expect(server.requests).toHaveLength(2);
  });
});

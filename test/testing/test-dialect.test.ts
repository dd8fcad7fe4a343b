import { describe, expect, it } from "vitest";
import { type Dialect, ModelError, type WireResponse } from "../../src/index.ts";
import { type DialectContract, testDialect } from "../../src/testing/index.ts";

type Checks = Readonly<Record<string, () => Promise<void>>>;

function checksOf(dialect: Dialect, contract: Partial<DialectContract> = {}): Checks {
  const checks: Record<string, () => Promise<void>> = {};
  testDialect({
    test: (name, run) => {
      checks[name] = run;
    },
    dialect,
    answers: { text: { prompt: "Hello", reply: { text: "Hello", finishReason: "stop" } } },
    ...contract,
  });
  return checks;
}

const REPLY = "text: gives the expected reply, with and without a stream";
const SENT: Partial<DialectContract> = {
  answers: { text: { stream: ["data: He\n\n", "data: llo\n\n"], reply: { text: "Hello" } } },
};

/** Echoes without a request. */
const echo: Dialect = {
  name: "echo",
  async *open({ request }) {
    yield [{ type: "text-delta", text: request.messages.map(({ content }) => String(content)).join(" "), sample: 0 }];
    yield [{ type: "finish", reason: "stop", sample: 0 }];
  },
};

/** Sends everything it knows, yields each read as text, and has no end, no errors and no cancellation. */
const careless: Dialect = {
  name: "careless",
  settings: new Set(["temperature"]),
  async *open({ target, transport, input, credential }) {
    const headers = { authorization: credential?.reveal() ?? "" };
    const body = JSON.stringify(input);
    const sent = await transport.fetch(target.address.baseUrl, { method: "POST", headers, body });
    const response = sent as unknown as WireResponse;
    if (!response.ok) throw new ModelError({ code: "server_error", message: await response.text() });
    for await (const messages of response.messages())
      yield messages.map(({ data }) => ({ type: "text-delta" as const, text: data, sample: 0 }));
    yield [{ type: "finish", reason: "stop", sample: 0 }];
  },
};

describe("testDialect", () => {
  it("passes a dialect that needs no request, with the tests that apply to it", async () => {
    const checks = checksOf(echo);
    expect(Object.keys(checks)).toEqual([REPLY]);
    for (const run of Object.values(checks)) await run();
  });

  it("says what a dialect did and what it must do", async () => {
    const late: Dialect = {
      name: "late",
      async *open(call) {
        yield* echo.open(call);
        yield [{ type: "text-delta", text: "more", sample: 0 }];
      },
    };
    const raw: Dialect = {
      name: "raw",
      // biome-ignore lint/correctness/useYield: it fails before its first event.
      async *open() {
        throw new TypeError("x is not a function");
      },
    };
    const failures = { busy: { code: "overloaded" } } as const;
    await expect(checksOf(late)[REPLY]?.()).rejects.toThrow('yielded "text-delta" after "finish"');
    await expect(checksOf(raw, { failures })["busy: fails with overloaded"]?.()).rejects.toThrow(
      "the dialect threw TypeError: x is not a function; it must throw a ModelError",
    );
    await expect(checksOf(echo, SENT)[REPLY]?.()).rejects.toThrow("sent no request to the provider");
  });

  it.each([
    ["never reports a truncated stream as complete", "was reported as complete"],
    ["sends the settings that it supports, and no others", "the request has topP, which is not in"],
    ["sends the model id and every message", 'the request does not contain "contract-model"'],
    ["closes the connection when aborted before the response", "still open after an abort"],
    ["keeps the API key out of an error, even if the provider repeats it", "the error contains the API key"],
  ])("finds that a dialect does not keep the rule: %s", async (name, problem) => {
    await expect(checksOf(careless, SENT)[name]?.()).rejects.toThrow(problem);
  });

  it("rejects a contract that is incomplete", () => {
    expect(() => checksOf(echo, { answers: {} as never })).toThrow("testDialect: answers.text is required");
    expect(() => checksOf(echo, { answer: {} } as never)).toThrow('did you mean "answers"');
  });
});

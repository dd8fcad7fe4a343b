import { describe, expect, test } from "vitest";
import type { Input } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";
import { smallBody } from "../harness/small-answers.ts";
import { WIRES } from "../harness/wires.ts";

interface Refused {
  readonly name: string;
  readonly input: unknown;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly keys?: string;
  readonly code: string;
  readonly says: string;
}

const CALL = { role: "assistant", content: [{ type: "tool-call", id: "call_1", name: "weather", arguments: {} }] };
const HELLO = { role: "user", content: "Hello" };
const result = (id: string) => ({ role: "tool", content: [{ type: "tool-result", id, content: "sunny" }] });
const TEN_MB = "x".repeat(10 * 1024 * 1024);

const REFUSED: readonly Refused[] = [
  { name: "an empty prompt", input: "", code: "invalid_request", says: "empty" },
  { name: "a blank prompt", input: " \n ", code: "invalid_request", says: "empty" },
  { name: "no messages", input: [], code: "invalid_request", says: "no messages" },
  { name: "an empty message", input: [{ role: "user", content: "" }], code: "invalid_request", says: "messages[0]" },
  {
    name: "a message of nothing",
    input: [{ role: "user", content: [] }],
    code: "invalid_request",
    says: "messages[0]",
  },
  {
    name: "only instructions",
    input: [{ role: "system", content: "Be brief." }],
    code: "invalid_request",
    says: "system",
  },
  {
    name: "an unknown role",
    input: [{ role: "narrator", content: "Once" }],
    code: "invalid_request",
    says: "narrator",
  },
  { name: "null", input: null, code: "invalid_request", says: "null" },
  {
    name: "an unknown part",
    input: [{ role: "user", content: [{ type: "hologram" }] }],
    code: "invalid_request",
    says: "hologram",
  },
  {
    name: "an image without data",
    input: [{ role: "user", content: [{ type: "image" }] }],
    code: "invalid_request",
    says: "image",
  },
  ...(
    [
      ["an image at an invalid URL", { type: "image", url: "nope" }, "content[1].url: expected an absolute URL"],
      ["an OpenAI image with a path", { type: "image_url", image_url: { url: "/a.png" } }, "content[1].image_url.url"],
      ["an image with a drive path", { type: "image", url: "C:\\a.png" }, "content[1].url"],
      ["a file at a relative URL", { type: "file", url: "docs/a.pdf" }, "content[1].url"],
    ] as const
  ).flatMap(([name, part, says]) => {
    const turn = { role: "user", content: [{ type: "text", text: "See" }, part] };
    const answer = { role: "assistant", content: "Seen." };
    return [
      { name, input: [turn], code: "invalid_request", says: `messages[0].${says}` },
      { name: `${name}, in the history`, input: [HELLO, answer, turn, answer, HELLO], code: "invalid_request", says },
    ];
  }),
  {
    name: "an image at an address that is none, in a tool result",
    input: [
      HELLO,
      CALL,
      { role: "tool", content: [{ type: "tool-result", id: "call_1", content: [{ type: "image", url: "nope" }] }] },
    ],
    code: "invalid_request",
    says: "expected an absolute URL",
  },
  {
    name: "a forced tool that is not there",
    input: "Hello",
    options: { tools: [{ name: "weather" }], toolChoice: { name: "wether" } },
    code: "invalid_request",
    says: 'unknown tool "wether" in toolChoice (did you mean "weather"?)',
  },
  {
    name: "a forced tool that is not among those of the entry",
    input: "Hello",
    options: { toolChoice: { name: "news" } },
    keys: 'tools = [{ name = "weather" }]',
    code: "invalid_request",
    says: "known tools: weather",
  },
  { name: "a result without a call", input: [HELLO, result("call_9"), HELLO], code: "invalid_request", says: "call_9" },
  {
    name: "a result of another call",
    input: [HELLO, CALL, result("call_2"), HELLO],
    code: "invalid_request",
    says: "call_2",
  },
  {
    name: "a second result of a call",
    input: [HELLO, CALL, result("call_1"), result("call_1"), HELLO],
    code: "invalid_request",
    says: "call_1",
  },
  { name: "a call without a result", input: [HELLO, CALL, HELLO], code: "invalid_request", says: "call_1" },
  {
    name: "half a surrogate pair",
    input: "cut in two: \ud83d",
    keys: "modify_params = false",
    code: "unsupported",
    says: "surrogate",
  },
  {
    name: "half a surrogate pair where changes are allowed but strict is on",
    input: "\udc00",
    keys: "modify_params = true\nstrict = true",
    code: "unsupported",
    says: "strict",
  },
  { name: "10 MB for an unknown model", input: TEN_MB, code: "request_too_large", says: "characters" },
  {
    name: "10 MB for a window of 100,000 tokens",
    input: TEN_MB,
    keys: "capabilities = { context = 100000 }",
    code: "context_too_long",
    says: "100000",
  },
  {
    name: "more than max_input_tokens",
    input: "word ".repeat(500),
    keys: "max_input_tokens = 100",
    code: "context_too_long",
    says: "max_input_tokens",
  },
  {
    name: "an unknown option",
    input: "Hello",
    options: { temprature: 1 },
    code: "invalid_request",
    says: "temperature",
  },
  {
    name: "an option of the wrong type",
    input: "Hello",
    options: { temperature: "hot" },
    code: "invalid_request",
    says: "temperature",
  },
  {
    name: "a temperature out of range",
    input: "Hello",
    options: { temperature: -3 },
    code: "invalid_request",
    says: "temperature",
  },
  { name: "zero samples", input: "Hello", options: { samples: 0 }, code: "invalid_request", says: "samples" },
  {
    name: "an invalid signal",
    input: "Hello",
    options: { signal: "stop" },
    code: "invalid_request",
    says: "signal",
  },
];

for (const wire of WIRES) {
  describe(`on the ${wire} wire, nothing is sent for`, () => {
    for (const { name, input, options, keys, code, says } of REFUSED) {
      test(name, async () => {
        const server = await serving(() => smallBody(wire));
        const model = modelAt(wire, server.origin, keys);
        for (const asked of [model.codegen(input as Input, options), model.stream(input as Input, options).reply]) {
          const error = await failureOf(asked);
          expect(error.code).toBe(code);
          expect(error.message).toContain(says);
          expect(error.message.length).toBeLessThan(1_000);
          expect(error.attempts).toHaveLength(0);
        }
        expect(server.requests).toHaveLength(0);
      });
    }

    test("a lone surrogate, unless modify_params allows replacing it", async () => {
      const server = await serving(() => smallBody(wire));
      const reply = await modelAt(wire, server.origin, "modify_params = true").codegen("cut in two: \ud83d!");
      expect(reply.adjustments).toMatchObject([{ setting: "messages[0]" }]);
      expect(server.requests[0]?.body).toContain("cut in two: \u{fffd}!");
    });

    test("10 MB, unless they fit the model's window", async () => {
      const server = await serving(() => smallBody(wire));
      const reply = await modelAt(wire, server.origin, "capabilities = { context = 20000000 }").codegen(TEN_MB);
      expect(reply.text).toBe("fine");
      expect(server.requests).toHaveLength(1);
      expect(server.requests[0]?.body.includes(TEN_MB)).toBe(true);
    });
  });
}

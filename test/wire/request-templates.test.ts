import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Call } from "../../src/core/call.ts";
import type { Exchange, Remark, Transport, WireInit, WireResponse } from "../../src/core/transport.ts";
import { sdkFetch, templated } from "../../src/dialects/request-template.ts";
import { type CallOptions, type Input, type Message, type ModelError, ModelFactory } from "../../src/index.ts";
import { serving } from "../harness/ask.ts";
import { properHistory } from "../harness/histories.ts";
import { failureOf } from "../harness/outcomes.ts";
import { entryFor } from "../harness/recording-files.ts";
import { smallBody, smallStream } from "../harness/small-answers.ts";
import type { Said, SeenRequest } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const TOOLS = [
  {
    name: "look_up",
    description: "Looks a word up.",
    parameters: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
  },
  { name: "now", parameters: { type: "object", properties: {} } },
];
const SCHEMA = {
  type: "object",
  properties: { name: { type: "string", description: "Who" }, age: { type: ["integer", "null"] } },
  required: ["name", "age"],
  additionalProperties: false,
} as const;
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const HISTORY: readonly Message[] = [
  { role: "system", content: "Be brief." },
  {
    role: "user",
    content: [
      { type: "text", text: "What is this?" },
      { type: "image", data: PIXEL, mediaType: "image/png" },
    ],
  },
  {
    role: "assistant",
    content: [
      { type: "text", text: "I look it up." },
      { type: "tool-call", id: "call_1", name: "look_up", arguments: { word: "pixel" } },
      { type: "tool-call", id: "call_2", name: "now", arguments: {} },
    ],
  },
  {
    role: "tool",
    content: [
      { type: "tool-result", id: "call_1", content: "one dot" },
      { type: "tool-result", id: "call_2", content: "noon", error: true },
    ],
  },
  { role: "user", content: 'And \ud83d\ude00 "quoted" \u2028 text?' },
];

/** Possible content of requests; each is sent unchanged. */
const REQUESTS: Readonly<Record<string, readonly [Input, CallOptions?]>> = {
  "a text": ["Hello"],
  "a history with an image, tool calls and their results": [HISTORY, { tools: TOOLS }],
  numbers: ["Hello", { temperature: 0.2, topP: 0.9, topK: 40, maxNewTokens: 100, seed: 7 }],
  "penalties and stop texts": ["Hello", { frequencyPenalty: 0.5, presencePenalty: -0.5, stop: ["END", "STOP"] }],
  "log probabilities": ["Hello", { logprobs: true, topLogprobs: 2 }],
  "tools and a choice": ["Hello", { tools: TOOLS, toolChoice: { name: "now" } }],
  "a tool that must be called": ["Hello", { tools: TOOLS, toolChoice: "required", parallelToolCalls: false }],
  "a JSON object": ["Answer in JSON.", { responseFormat: { type: "json_object" } }],
  "a JSON schema": ["Hello", { responseFormat: { type: "json_schema", name: "person", schema: SCHEMA } }],
  reasoning: ["Hello", { reasoningEffort: "high", maxNewTokens: 20_000 }],
  "a web search": ["Hello", { webSearch: true }],
  "a prompt cache": [HISTORY, { promptCache: true }],
  "a service tier, metadata and a user": ["Hello", { serviceTier: "flex", metadata: { team: "a" }, user: "u" }],
  "fields of its own": ["Hello", { extraBody: { own: { deep: [1, null, "x"] } } }],
  "a function that says its JSON": [
    "Hello",
    { extraBody: { own: Object.assign(() => 0, { toJSON: () => "cut \ud83d" }) } },
  ],
};

const SILENT = { debug() {}, info() {}, error() {} };

type Send = (streaming: boolean, input: Input, options?: CallOptions) => Promise<string>;

interface Senders {
  readonly asked: Send;
  readonly known: Send;
  /** What the server answers from now on. */
  say(said: Said): void;
}

/** One server, and what it receives with the SDK and without it, once a template exists. */
async function senders(wire: Wire): Promise<Senders> {
  let scripted: Said | undefined;
  const server = await serving(
    ({ body, path }) =>
      scripted ?? (body.includes('"stream":true') || path.includes("alt=sse") ? smallStream(wire) : smallBody(wire)),
  );
  const host = { wire, provider: "some-host", model: "some-model" };
  const toml = entryFor(host, "asked", server.origin, "sdk_requests = true") + entryFor(host, "known", server.origin);
  const warnings: string[] = [];
  const warn = (message: string) => {
    if (message.includes("the SDK builds")) warnings.push(message);
  };
  const factory = ModelFactory.parse(toml, { env: {}, logger: { ...SILENT, warn } });
  onTestFinished(async () => {
    await factory.close();
    expect(warnings).toEqual([]);
  });
  const sender =
    (name: string): Send =>
    async (streaming, input, options) => {
      const model = factory.get(name);
      await (streaming ? model.stream(input, options).reply : model.codegen(input, options));
      const { head, body } = server.requests.at(-1) as SeenRequest;
      return `${head}\n\n${body}`;
    };
  const known = sender("known");
  for (const streaming of [false, false, true, true]) {
    await known(streaming, "Hello");
    await known(streaming, "Hello", { temperature: 0.5 });
    await known(streaming, "Hello", { temperature: 0.5 });
  }
  const say = (said: Said) => {
    scripted = said;
  };
  return { asked: sender("asked"), known, say };
}

/** An error and its causes, down to the SDK's own. */
function shapeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, code, status, requestId, retryAfterMs, cause } = error as ModelError;
  const plain = message.replaceAll(/asked|known/g, "entry");
  return { name, message: plain, code, status, requestId, retryAfterMs, cause: shapeOf(cause) };
}

describe.each(WIRES)("on the %s wire, the bytes sent without the SDK are the SDK's", (wire) => {
  test.each(Object.entries(REQUESTS))("for %s", async (_, [input, options]) => {
    const { asked, known } = await senders(wire);
    for (const streaming of [false, true])
      expect(await known(streaming, input, options)).toEqual(await asked(streaming, input, options));
  });

  test.each<[string, Said]>([
    ["400", { status: 400, body: '{"error":{"message":"no such thing","type":"invalid_request_error"}}' }],
    ["401", { status: 401, body: '{"error":{"message":"bad key"}}', headers: { "x-request-id": "r1" } }],
    ["429", { status: 429, body: '{"error":{"message":"slow down"}}', headers: { "retry-after-ms": "5" } }],
    ["500 that is a page", { status: 500, body: "<html>oops</html>", headers: { "content-type": "text/html" } }],
    ["a redirect elsewhere", { status: 302, body: "", headers: { location: "https://example.com/" } }],
    ["a broken connection", { body: "{", cut: true, pieceBytes: 1 }],
  ])("and so is the error of %s", async (_, said) => {
    const { asked, known, say } = await senders(wire);
    say(said);
    for (const streaming of [false, true]) {
      const [without, withSdk] = [
        await failureOf(known(streaming, "Hello")),
        await failureOf(asked(streaming, "Hello")),
      ];
      expect(shapeOf(without)).toEqual(shapeOf(withSdk));
    }
  });

  test.each([false, true])("after two requests built by the SDK (streaming: %s)", async (streaming) => {
    const server = await serving(() => (streaming ? smallStream(wire) : smallBody(wire)));
    // Only a template passes its headers as a frozen list.
    const isTemplated: boolean[] = [];
    const fetch = (url: string | URL | Request, init?: RequestInit) => {
      isTemplated.push(Array.isArray(init?.headers) && Object.isFrozen(init.headers));
      return globalThis.fetch(url, init);
    };
    const host = { wire, provider: "some-host", model: "some-model" };
    const factory = ModelFactory.parse(entryFor(host, "a", server.origin), { env: {}, transport: fetch });
    onTestFinished(() => factory.close());
    const model = factory.get("a");
    for (let call = 0; call < 4; call++) await (streaming ? model.stream("Hello").reply : model.codegen("Hello"));
    expect(isTemplated).toEqual([false, false, true, true]);
  });

  test("for any history", { timeout: 30_000 }, async () => {
    const { asked, known } = await senders(wire);
    const property = fc.asyncProperty(properHistory(wire, "some-host"), fc.boolean(), async (history, streaming) => {
      expect(await known(streaming, history)).toEqual(await asked(streaming, history));
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

describe("a request that the SDK builds differently", () => {
  const call = {
    target: { quirks: {}, policy: { sdkRequests: false } },
    credential: undefined,
    streaming: false,
    request: { extraHeaders: {} },
  } as unknown as Call;

  async function headsSeen(
    headersOf: (index: number) => Record<string, string>,
    bodyOf = (body: object) => JSON.stringify(body),
  ) {
    let asked = 0;
    const remarks: Remark[] = [];
    const transport = {
      async fetch(_url: unknown, { exchange }: WireInit) {
        (exchange as Exchange).response = { ok: true, status: 200 } as WireResponse;
        return { ok: true } as Response;
      },
      async close() {},
    } as Transport;
    const client = templated<object>({
      body: (params) => params,
      async send(params, _call, exchange) {
        const init = { method: "POST", headers: headersOf(asked++), body: bodyOf(params), exchange };
        await sdkFetch(transport, "http://127.0.0.1/v1", init);
      },
    });
    for (let index = 0; index < 6; index++) {
      await client.send({ index }, { ...call, transport }, { remarks } as Exchange);
    }
    return { asked, remarks: remarks.map(({ text }) => text) };
  }

  test("uses the SDK twice, when it matches the prediction", async () => {
    expect(await headsSeen(() => ({ "x-a": "1" }))).toEqual({ asked: 2, remarks: [] });
  });

  test("uses the SDK every time, when its headers change", async () => {
    const seen = await headsSeen((index) => ({ "idempotency-key": String(index) }));
    expect(seen).toEqual({ asked: 6, remarks: [expect.stringContaining("headers change")] });
  });

  test("uses the SDK every time, when its body differs", async () => {
    const seen = await headsSeen(
      () => ({}),
      (body) => JSON.stringify({ ...body, more: 1 }),
    );
    expect(seen).toEqual({ asked: 6, remarks: [expect.stringContaining("body")] });
  });

  // The Google SDK copies extra fields before serializing them, so no value can serialize differently each time.
  const writesExtraFields = WIRES.filter((wire) => wire !== "google");
  test.each(writesExtraFields.flatMap((wire) => [[wire, false] as const, [wire, true] as const]))(
    "is logged once per model, also when another attempt follows: %s (streaming: %s)",
    async (wire, streaming) => {
      const fail = { status: 500, body: "{}" };
      const server = await serving((_, index) => (index < 2 ? fail : streaming ? smallStream(wire) : smallBody(wire)));
      const host = { wire, provider: "some-host", model: "some-model" };
      const first = entryFor(host, "first", server.origin, 'fallback_models = ["second"]\nretry_min_wait = "1ms"');
      const toml = first.replace("num_retries = 0", "num_retries = 1") + entryFor(host, "second", server.origin);
      const warnings: unknown[] = [];
      const warn = (message: string, fields: object = {}) => {
        if (message.includes("the SDK builds")) warnings.push({ message, ...fields });
      };
      const factory = ModelFactory.parse(toml, { env: {}, logger: { ...SILENT, warn } });
      onTestFinished(() => factory.close());
      let writes = 0;
      const options = { extraBody: { own: { toJSON: () => writes++ } } };
      const model = factory.get("first");
      for (let call = 0; call < 2; call++)
        await (streaming ? model.stream("Hello", options).reply : model.codegen("Hello", options));
      expect(server.requests).toHaveLength(4);
      const message = "the SDK builds every request: its body is not the one expected";
      expect(warnings).toMatchObject([
        { message, model: "first" },
        { message, model: "second" },
      ]);
    },
  );
});

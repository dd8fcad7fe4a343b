import { describe, expect, test } from "vitest";
import type { Message, Model, Reply } from "../../src/index.ts";
import type { RecordedRequest, Simulator } from "../../src/testing/simulator.ts";
import { entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const WEATHER = {
  name: "get_weather",
  description: "The weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const TIME = {
  name: "get_time",
  description: "The time in a zone",
  parameters: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] },
};
const TOOLS = [WEATHER, TIME];

/** Models that think and sign what they thought. */
const THINKERS: Readonly<Record<Wire, string>> = {
  openai: "some-model",
  "openai-responses": "o4-mini",
  anthropic: "claude-sonnet-4-5",
  google: "gemini-3-pro-preview",
};

function results(reply: Reply, say = (name: string) => `the result of ${name}`): Message {
  return {
    role: "tool",
    content: reply.toolCalls.map(({ id, name }) => ({ type: "tool-result", id, content: say(name) })),
  };
}

function bodyOf(simulator: Simulator): string {
  return JSON.stringify((simulator.requests.at(-1) as RecordedRequest).body);
}

/** The signatures a history carries. */
function signaturesIn(messages: readonly Message[]): string[] {
  return messages.flatMap(({ content }) =>
    typeof content === "string"
      ? []
      : content.flatMap((part) => ("signature" in part && part.signature !== undefined ? [part.signature] : [])),
  );
}

/** A question that needs two tools, their results, the answer, and a question about it. */
async function converse(
  ask: (turn: number) => Model,
  options: { reasoningEffort?: "low"; streamed?: boolean } = {},
): Promise<{ replies: Reply[]; history: Message[] }> {
  const { streamed = false, ...more } = options;
  const call = (turn: number, history: Message[]) =>
    streamed
      ? ask(turn).stream(history, { tools: TOOLS, ...more }).reply
      : ask(turn).codegen(history, { tools: TOOLS, ...more });
  const history: Message[] = [
    { role: "system", content: "You are exact." },
    { role: "user", content: "Call get_weather and get_time." },
  ];
  const replies: Reply[] = [];
  for (let turn = 0; turn < 2; turn++) {
    const reply = await call(turn, history);
    replies.push(reply);
    history.push(reply.message);
    if (reply.toolCalls.length > 0) history.push(results(reply));
  }
  history.push({ role: "user", content: "Are you sure of that?" });
  const last = await call(2, history);
  return { replies: [...replies, last], history: [...history, last.message] };
}

describe.each(WIRES)("a conversation on the %s wire", (wire) => {
  test.each([false, true])(
    "works with two tools and a question about their results (streamed: %s)",
    async (streamed) => {
      const simulator = await simulate();
      const model = factoryOf(entry(wire, simulator.url)).create();
      const { replies } = await converse(() => model, { streamed });
      expect(simulator.requests.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(replies.map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "stop", "stop"]);
      expect(replies[0]?.toolCalls.map(({ name }) => name)).toEqual(["get_weather", "get_time"]);
      for (const text of [
        "You are exact.",
        "Call get_weather and get_time.",
        "the result of get_weather",
        "the result of get_time",
        "Are you sure of that?",
      ])
        expect(bodyOf(simulator), text).toContain(text);
      expect(bodyOf(simulator)).toContain(JSON.stringify(replies[1]?.text).slice(1, 20));
    },
  );

  test("sends signed reasoning back unchanged", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url, "", { name: THINKERS[wire] })).create();
    const { replies, history } = await converse(() => model, { reasoningEffort: "low" });
    expect(simulator.requests.map(({ status }) => status)).toEqual([200, 200, 200]);
    const signatures = signaturesIn(replies.slice(0, 2).map(({ message }) => message));
    // Chat has no signatures.
    if (wire === "openai") return expect(signatures).toEqual([]);
    expect(signatures.length).toBeGreaterThan(0);
    expect(signaturesIn(history).length).toBeGreaterThanOrEqual(signatures.length);
    const sent = (simulator.requests[1] as RecordedRequest).body;
    for (const signature of signaturesIn([replies[0]?.message as Message]))
      expect(stringsIn(sent)).toEqual(expect.arrayContaining(sealedIn(signature)));
  });

  test("continues after its history was serialized as JSON", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url, "", { name: THINKERS[wire] })).create();
    const first = await model.codegen("Call get_weather.", { tools: TOOLS, reasoningEffort: "low" });
    const history = [{ role: "user", content: "Call get_weather." }, first.message, results(first)] as const;
    const direct = await model.codegen(history, { tools: TOOLS, reasoningEffort: "low" });
    const thawed = await model.codegen(JSON.parse(JSON.stringify(history)), { tools: TOOLS, reasoningEffort: "low" });
    expect(simulator.requests[2]?.body).toEqual(simulator.requests[1]?.body);
    expect(thawed.text).toBe(direct.text);
  });

  test("supports failed tools and images in tool results", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url)).create();
    const first = await model.codegen("Call get_weather.", { tools: TOOLS });
    const [call] = first.toolCalls;
    const failed = { type: "tool-result", id: call?.id ?? "", content: "no such city", error: true } as const;
    const reply = await model.codegen(
      [{ role: "user", content: "Call get_weather." }, first.message, { role: "tool", content: [failed] }],
      { tools: TOOLS },
    );
    expect(reply.finishReason).toBe("stop");
    expect(bodyOf(simulator)).toContain("no such city");
    const shown = {
      type: "tool-result",
      id: call?.id ?? "",
      content: [
        { type: "text", text: "see the map" },
        { type: "image", data: "QUJD", mediaType: "image/png" },
      ],
    } as const;
    await model.codegen(
      [{ role: "user", content: "Call get_weather." }, first.message, { role: "tool", content: [shown] }],
      { tools: TOOLS },
    );
    expect(bodyOf(simulator)).toContain("see the map");
  });

  test.each(WIRES.filter((other) => other !== wire))(
    "continues at another provider on the %s wire with tools, without foreign signatures",
    async (other) => {
      const simulator = await simulate();
      const factory = factoryOf(
        `${entry(wire, simulator.url, "", { name: THINKERS[wire] })}${entry(other, simulator.url, "", { table: "other", name: THINKERS[other] })}`,
      );
      const { replies } = await converse((turn) => factory.get(turn === 0 ? "main" : "other"), {
        reasoningEffort: "low",
      });
      expect(simulator.requests.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(simulator.requests.map((request) => request.wire)).toEqual([wire, other, other]);
      const foreign = signaturesIn([replies[0]?.message as Message]);
      const sent = stringsIn(simulator.requests.slice(1).map(({ body }) => body));
      for (const sealed of foreign.flatMap(sealedIn))
        if (replies[0]?.provider !== replies[1]?.provider) expect(sent).not.toContain(sealed);
      expect(bodyOf(simulator)).toContain("the result of get_time");
    },
  );

  test("sends a string like one message, after the instructions of the entry", async () => {
    const simulator = await simulate();
    const main = factoryOf(
      entry(
        wire,
        simulator.url,
        'system = "Be brief."\nmessages = [{ role = "user", content = "one" }, { role = "assistant", content = "two" }]',
      ),
    ).create();
    await main.codegen("three");
    await main.codegen([{ role: "user", content: "three" }]);
    const [first, second] = simulator.requests.map(({ body }) => JSON.stringify(body));
    expect(second).toBe(first);
    // Some wires write instructions after the messages; among the messages the order is that of the file.
    const at = ["one", "two", "three"].map((text) => first?.indexOf(JSON.stringify(text)) ?? -1);
    expect(at.every((index, turn) => index > (at[turn - 1] ?? -1))).toBe(true);
    expect(first).toContain("Be brief.");
  });

  test("rejects results without a call and calls without a result before any request", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url)).create();
    const first = await model.codegen("Call get_weather.", { tools: TOOLS });
    const asked = { role: "user", content: "Call get_weather." } as const;
    const orphan = { role: "tool", content: [{ type: "tool-result", id: "nobody", content: "x" }] } as const;
    expect((await failureOf(model.codegen([asked, orphan]))).message).toMatch(/messages\[1\].*nobody/);
    expect((await failureOf(model.codegen([asked, first.message, { role: "user", content: "Well?" }]))).code).toBe(
      "invalid_request",
    );
    expect((await failureOf(model.codegen([asked, first.message, orphan]))).code).toBe("invalid_request");
    expect(simulator.requests).toHaveLength(1);
  });
});

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PDF = "JVBERi0xLjQKJSVFT0YK";

describe("images and files", () => {
  const picture: Readonly<Record<Wire, object>> = {
    openai: { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } },
    "openai-responses": { type: "input_image", image_url: `data:image/png;base64,${PNG}` },
    anthropic: { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
    google: { inlineData: { mimeType: "image/png", data: PNG } },
  };
  const document: Readonly<Record<Wire, object>> = {
    openai: { type: "file", file: { file_data: `data:application/pdf;base64,${PDF}` } },
    "openai-responses": { type: "input_file", file_data: `data:application/pdf;base64,${PDF}` },
    anthropic: { type: "document", source: { type: "base64", media_type: "application/pdf", data: PDF } },
    google: { inlineData: { mimeType: "application/pdf", data: PDF } },
  };

  test.each(WIRES)("are encoded for the %s wire next to the text", async (wire) => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url)).create();
    const spellings = [
      [
        { type: "text", text: "What is this?" },
        { type: "image", data: PNG, mediaType: "image/png" },
        { type: "file", data: PDF, mediaType: "application/pdf", filename: "a.pdf" },
      ],
      [
        { type: "text", text: "What is this?" },
        { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } },
        { type: "file", file: { file_data: `data:application/pdf;base64,${PDF}`, filename: "a.pdf" } },
      ],
    ];
    for (const content of spellings) {
      await model.codegen([{ role: "user", content }] as Message[]);
      const parts = partsIn(wire, simulator.requests.at(-1)?.body);
      expect(parts).toContainEqual(expect.objectContaining(picture[wire]));
      expect(parts).toContainEqual(expect.objectContaining(withShape(document[wire])));
      expect(stringsIn(parts)).toContain("What is this?");
    }
    expect(simulator.requests[1]?.body).toEqual(simulator.requests[0]?.body);
  });

  test.each(["openai", "openai-responses", "anthropic"] as const)("are sent as URLs on the %s wire", async (wire) => {
    const simulator = await simulate();
    await factoryOf(entry(wire, simulator.url))
      .create()
      .codegen([
        {
          role: "user",
          content: [
            { type: "text", text: "See" },
            { type: "image", url: "https://example.com/cat.png" },
          ],
        },
      ]);
    expect(stringsIn(simulator.requests[0]?.body)).toContain("https://example.com/cat.png");
  });

  const image = { type: "image", data: PNG, mediaType: "image/png" } as const;
  const asked: Message[] = [{ role: "user", content: [{ type: "text", text: "What is this?" }, image] }];
  const call = { type: "tool-call", id: "a1", name: "look", arguments: {} } as const;
  const seen: Message[] = [
    { role: "user", content: "Look" },
    { role: "assistant", content: [call] },
    { role: "tool", content: [{ type: "tool-result", id: "a1", content: [image] }] },
  ];

  test.each(WIRES)("are never dropped: a text-only model is skipped (%s)", async (wire) => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url, "capabilities = { vision = false }")).create();
    for (const messages of [asked, seen]) {
      const failure = await failureOf(model.codegen(messages));
      expect(failure.code).toBe("unsupported");
      expect(failure.message).toContain(`messages[${messages.length - 1}]: some-model does not support image parts`);
    }
    expect(simulator.requests).toHaveLength(0);
  });

  test.each(WIRES)("go to the first fallback that supports them (%s)", async (wire) => {
    const simulator = await simulate();
    const model = factoryOf(
      [
        entry(wire, simulator.url, 'capabilities = { vision = false }\nfallback_models = ["blind", "sees"]'),
        entry(wire, simulator.url, "capabilities = { vision = false }", { table: "blind" }),
        entry(wire, simulator.url, "", { table: "sees", name: "seeing-model" }),
      ].join("\n"),
    ).get("main");
    for (const messages of [asked, seen]) {
      const reply = await model.codegen(messages);
      expect(reply.model).toBe("sees");
      expect(reply.attempts).toHaveLength(1);
      expect(bodyOf(simulator)).toContain(PNG);
    }
    expect((await model.stream(asked, { strict: true }).reply).model).toBe("sees");
    expect(simulator.requests).toHaveLength(3);
  });

  const sound = { type: "audio", data: "UklGRg==", mediaType: "audio/wav" } as const;
  const linked = { type: "file", url: "https://example.com/a.pdf" } as const;
  const archive = { type: "file", data: "UEsDBA==", mediaType: "application/zip" } as const;

  test.each([
    ["openai", linked, "google"],
    ["openai-responses", sound, "openai"],
    ["anthropic", sound, "google"],
    ["anthropic", archive, "openai-responses"],
  ] as const)("go to a fallback when the %s wire does not support them", async (wire, part, other) => {
    const simulator = await simulate();
    const toml = entry(wire, simulator.url, 'fallback_models = ["other"]');
    const model = factoryOf(`${toml}\n${entry(other, simulator.url, "", { table: "other" })}`).get("main");
    const messages: Message[] = [{ role: "user", content: [{ type: "text", text: "See" }, part] }];
    expect((await model.codegen(messages)).model).toBe("other");
    expect(simulator.requests).toHaveLength(1);
    const alone = factoryOf(entry(wire, simulator.url)).create();
    expect((await failureOf(alone.codegen(messages))).code).toBe("unsupported");
    expect(simulator.requests).toHaveLength(1);
  });

  test.each(WIRES)("in tool results reach the model (%s)", async (wire) => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url)).create();
    const reply = await model.codegen([...seen, { role: "user", content: "And?" }], { tools: [{ name: "look" }] });
    expect(stringsIn(simulator.requests[0]?.body).join(" ")).toContain(PNG);
    const moved = wire === "openai" || wire === "google";
    expect(reply.adjustments.map(({ setting }) => setting)).toEqual(moved ? ["messages[2]"] : []);
    const strict = await model.safeCodegen(seen, { strict: true, tools: [{ name: "look" }] });
    expect(strict.ok).toBe(!moved);
  });
});

describe("a manual tool loop", () => {
  test.each(WIRES)("ends when the model answers (%s)", async (wire) => {
    const simulator = await simulate({
      script: [
        { answer: { toolCalls: [{ name: "get_time", arguments: { zone: "UTC" } }] } },
        { answer: { text: "Then the weather.", toolCalls: [{ name: "get_weather", arguments: { city: "Rome" } }] } },
        { answer: { text: "It is sunny." } },
      ],
    });
    const model = factoryOf(entry(wire, simulator.url)).create();
    const messages: Message[] = [{ role: "user", content: "Plan my day." }];
    const ran: string[] = [];
    let reply = await model.codegen(messages, { tools: TOOLS });
    while (reply.toolCalls.length > 0) {
      ran.push(...reply.toolCalls.map(({ name, arguments: args }) => `${name} ${JSON.stringify(args)}`));
      messages.push(reply.message, results(reply));
      reply = await model.codegen(messages, { tools: TOOLS });
    }
    expect(ran).toEqual(['get_time {"zone":"UTC"}', 'get_weather {"city":"Rome"}']);
    expect(reply.text).toBe("It is sunny.");
    expect(simulator.requests.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(stringsIn(simulator.requests[2]?.body).join(" ")).toContain("Then the weather.");
  });
});

/** What of a signature travels: OpenAI's is an id with sealed content, the others' a text. */
function sealedIn(signature: string): string[] {
  return signature.startsWith("{") ? stringsIn(JSON.parse(signature)) : [signature];
}

/** Every text in a value. */
function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

function partsIn(wire: Wire, body: unknown): unknown[] {
  const { messages, input, contents } = body as {
    messages?: { content: unknown[] }[];
    input?: { content: unknown[] }[];
    contents?: { parts: unknown[] }[];
  };
  if (wire === "google") return contents?.at(-1)?.parts ?? [];
  return (wire === "openai-responses" ? input : messages)?.at(-1)?.content ?? [];
}

/** Chat's file has a name beside its data. */
function withShape(expected: object): object {
  return "file" in expected ? { ...expected, file: expect.objectContaining(expected.file as object) } : expected;
}

test("sends two system messages in the role that the model supports", async () => {
  const simulator = await simulate();
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "system", content: "Be kind." },
    { role: "user", content: "Hi." },
  ] as const;
  await factoryOf(entry("anthropic", simulator.url)).create().codegen(messages);
  const lifted = simulator.requests[0]?.body as { readonly system: unknown } | undefined;
  expect(JSON.stringify(lifted?.system)).toMatch(/Be brief\..*Be kind\./);
  await factoryOf(entry("openai", simulator.url, "", { name: "o1-mini" }))
    .create()
    .codegen(messages);
  expect(rolesOf(simulator.requests[1]?.body)).not.toContain("system");
  expect(rolesOf(simulator.requests[1]?.body)).toContain("user");
  await factoryOf(entry("openai", simulator.url, 'custom_llm_provider = "openai"', { name: "gpt-5" }))
    .create()
    .codegen(messages);
  expect(rolesOf(simulator.requests[2]?.body)).toContain("developer");
});

function rolesOf(body: unknown): string[] {
  return (body as { messages: { role: string }[] }).messages.map(({ role }) => role);
}

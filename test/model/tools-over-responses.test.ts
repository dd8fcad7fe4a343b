import { expect, onTestFinished, test } from "vitest";
import { factsOf } from "../../src/catalog/lookup.ts";
import { type CallOptions, ModelFactory } from "../../src/index.ts";
import { entry } from "../harness/entry.ts";
import { host } from "../harness/host.ts";
import { failureOf } from "../harness/outcomes.ts";
import { serve } from "../harness/small-server.ts";

const TOOLS: NonNullable<CallOptions["tools"]> = [
  { name: "add", parameters: { type: "object", properties: { a: { type: "number" } } } },
];

/** A factory whose requests all go to a host of the test, also those without an address of their own. */
async function rerouted(toml: string) {
  const server = await host();
  const factory = ModelFactory.parse(toml, {
    env: { OPENAI_API_KEY: "key" },
    transport: (url, init) =>
      fetch(String(url).replace("https://api.openai.com", server.url), {
        method: init?.method ?? "GET",
        headers: init?.headers ?? {},
        body: init?.body ?? null,
      }),
  });
  onTestFinished(() => factory.close());
  return { server, factory };
}

const plain = (name: string, more = "") =>
  `[models.m]\nname = "${name}"\nprovider = "openai"\nnum_retries = 0\n${more}\n`;

test.each(["gpt-5.4", "gpt-5.5", "gpt-5.6", "gpt-5.6-terra", "gpt-5.10", "gpt-6-luna", "gpt-5.4-2026-03-05"])(
  "a call with tools to %s goes to the Responses API as it is, one without does not",
  async (name) => {
    const { server, factory } = await rerouted(plain(name, 'reasoning_effort = "high"'));
    const { adjustments } = await factory.get("m").codegen("2+3?", { tools: TOOLS, strict: true });
    await factory.get("m").codegen("2+3?");
    expect(server.arrivals.map(({ path }) => path)).toEqual(["/v1/responses", "/v1/chat/completions"]);
    expect(server.arrivals[0]?.body).toMatchObject({ reasoning: { effort: "high" } });
    expect(adjustments).toEqual([]);
  },
);

test.each(["gpt-5.3", "gpt-5.1", "gpt-4o", "gpt-5.4-chat-latest"])(
  "tools of %s stay on chat completions",
  async (name) => {
    const { server, factory } = await rerouted(plain(name));
    await factory.get("m").codegen("2+3?", { tools: TOOLS });
    expect(server.arrivals.map(({ path }) => path)).toEqual(["/v1/chat/completions"]);
  },
);

test("tools of the entry count, and so do calls in a history", async () => {
  const tools = '[[models.m.tools]]\nname = "add"\nparameters = { type = "object" }';
  const { server, factory } = await rerouted(plain("gpt-5.6-sol", tools));
  await factory.get("m").codegen("2+3?");
  const { server: other, factory: without } = await rerouted(plain("gpt-5.6-sol"));
  await without.get("m").codegen([
    { role: "user", content: "2+3?" },
    { role: "assistant", content: [{ type: "tool-call", id: "call_1", name: "add", arguments: {} }] },
    { role: "tool", content: [{ type: "tool-result", id: "call_1", content: "5" }] },
  ]);
  expect([server, other].map(({ arrivals }) => arrivals.map(({ path }) => path))).toEqual([
    ["/v1/responses"],
    ["/v1/responses"],
  ]);
});

test("several samples with tools are asked for one by one", async () => {
  const { server, factory } = await rerouted(plain("gpt-5.6-sol", "batch_size = 3\ntemperature = 1"));
  const reply = await factory.get("m").codegen("2+3?", { tools: TOOLS, samples: 2 });
  expect([reply.samples?.length, server.arrivals.length]).toEqual([2, 2]);
});

const refusing = () =>
  serve(({ path, body }, response) => {
    expect(path).toBe("/v1/chat/completions");
    const effort = body["reasoning_effort"];
    const fine = effort === "none" || (effort === undefined && String(body["model"]).startsWith("gpt-5.4"));
    if (!fine) response.statusCode = 400;
    return fine
      ? { choices: [{ index: 0, message: { content: "5" }, finish_reason: "stop" }] }
      : { error: { message: "Function tools with reasoning_effort are not supported" } };
  });

test.each([
  ["gpt-5.6", undefined, true],
  ["gpt-5.6", "low", true],
  ["gpt-5.4", "medium", true],
  ["gpt-5.4", undefined, false],
  ["gpt-5.4", "none", false],
] as const)(
  "%s with tools and effort %s at an address of one's own: effort none, reported: %s",
  async (name, effort, reported) => {
    const { url } = await refusing();
    for (const more of ["", 'custom_llm_provider = "openai"\n']) {
      const lines = `${more}num_retries = 0\n${effort === undefined ? "" : `reasoning_effort = "${effort}"`}`;
      const factory = ModelFactory.parse(entry("openai", url, lines, { name }), { env: {} });
      onTestFinished(() => factory.close());
      const { text, adjustments } = await factory.create().codegen("2+3?", { tools: TOOLS });
      expect(text).toBe("5");
      expect(adjustments.filter(({ setting }) => setting === "reasoning_effort").map(({ to }) => to)).toEqual(
        reported ? ["none"] : [],
      );
    }
  },
);

test("strict refuses to change the effort, and nothing is sent", async () => {
  const { url, arrivals } = await refusing();
  const factory = ModelFactory.parse(entry("openai", url, "strict = true", { name: "gpt-5.6" }), { env: {} });
  onTestFinished(() => factory.close());
  expect((await failureOf(factory.create().codegen("2+3?", { tools: TOOLS }))).code).toBe("unsupported");
  expect(arrivals).toEqual([]);
});

test("the facts hold for OpenAI's own hosts only", () => {
  expect(factsOf("azure", "gpt-5.7-nova")).toMatchObject({ known: false, chatTools: "effort-none" });
  expect(factsOf("openrouter", "openai/gpt-5.6-sol").toolsDialect).toBeUndefined();
});

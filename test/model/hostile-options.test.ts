import { expect, test } from "vitest";
import type { CallOptions, ToolInput } from "../../src/index.ts";
import { entry } from "../harness/entry.ts";
import { eventsOf, failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";

const circle: Record<string, unknown> = {};
circle["self"] = circle;

test.each([
  ["a text", "fast"],
  ["a number", 5],
  ["a list", []],
  ["an unknown word", { temprature: 1 }],
  ["a number that is none", { temperature: Number.NaN }],
  ["tags that are no list", { tags: "one" }],
  ["no samples", { samples: 0 }],
  ["a signal that is none", { signal: {} }],
  ["a value that contains itself", { extraBody: circle }],
  ["a header of two lines", { extraHeaders: { "x-a": "b\nc" } }],
])("options that are %s are an invalid_request, nothing is sent, and safeCodegen does not throw", async (_, given) => {
  const simulator = await simulate();
  const model = factoryOf(entry("openai", simulator.url)).create();
  const options = given as CallOptions;
  expect(await model.safeCodegen("Hi.", options)).toMatchObject({ ok: false, error: { code: "invalid_request" } });
  expect((await failureOf(eventsOf(model.stream("Hi.", options)))).code).toBe("invalid_request");
  expect(simulator.requests).toHaveLength(0);
});

test("absent, undefined and null options are equal", async () => {
  const simulator = await simulate();
  const model = factoryOf(entry("openai", simulator.url)).create();
  for (const options of [undefined, null, {}, { temperature: undefined, signal: undefined }] as CallOptions[])
    await model.codegen("Hi.", options);
  const bodies = new Set(simulator.requests.map(({ body }) => JSON.stringify(body)));
  expect([bodies.size, simulator.requests.length]).toEqual([1, 4]);
});

test("tools are validated and sent as they are at each call", async () => {
  const simulator = await simulate();
  const model = factoryOf(entry("openai", simulator.url)).create();
  const tool: Record<string, unknown> = { name: "look_up", parameters: { type: "object", properties: {} } };
  const sent = async (temperature?: number) => {
    await model.codegen("Hi.", { tools: [tool as unknown as ToolInput], temperature });
    const body = simulator.requests.at(-1)?.body as { tools: { function: unknown }[] } | undefined;
    return body?.tools[0]?.function;
  };
  const first = await sent();
  expect(await sent()).toEqual(first);
  expect(await sent(0.5)).toEqual(first);
  tool["description"] = "Looks a word up.";
  expect(await sent()).toEqual({ ...(first as object), description: "Looks a word up." });
  tool["run"] = () => {};
  expect((await failureOf(sent())).code).toBe("invalid_request");
  expect(simulator.requests).toHaveLength(4);
});

test.each([
  [undefined],
  [null],
  [7],
  [""],
  [[]],
  [[null]],
  [[{ role: "wizard", content: "x" }]],
  [[{ role: "user", content: "" }]],
  [[{ role: "system", content: "only instructions" }]],
  [[{ role: "user", content: [{ type: "image" }] }]],
])("input %j is an invalid_request for every method", async (input) => {
  const simulator = await simulate();
  const model = factoryOf(entry("openai", simulator.url)).create();
  const bad = input as unknown as string;
  expect(await model.safeCodegen(bad)).toMatchObject({ ok: false, error: { code: "invalid_request" } });
  expect((await failureOf(model.stream(bad).reply)).code).toBe("invalid_request");
  expect((await failureOf(model.countTokens(bad, { exact: true }))).code).toBe("invalid_request");
  expect(simulator.requests).toHaveLength(0);
});

test("closing the factory ends streams and rejects later calls", async () => {
  const simulator = await simulate({ delayMs: 5, answers: () => ({ text: "word ".repeat(400) }) });
  const factory = factoryOf(entry("openai", simulator.url));
  const model = factory.create();
  let closing: Promise<void> | undefined;
  const error = await failureOf(
    (async () => {
      for await (const _ of model.stream("Much.").text) closing ??= factory.close();
    })(),
  );
  await closing;
  expect(["aborted", "connection_failed"]).toContain(error.code);
  expect(error.partial?.text).not.toBe("");
  expect((await failureOf(model.codegen("More."))).code).toBe("aborted");
  expect(() => factory.create()).toThrow(/closed/);
});

test("a model without streaming delivers its answer in one delta", async () => {
  const simulator = await simulate();
  const stream = factoryOf(entry("openai", simulator.url, "capabilities = { streaming = false }"))
    .create()
    .stream("Hi.");
  const types = (await eventsOf(stream)).map(({ type }) => type);
  expect(types).toEqual(["start", "text-delta", "usage", "finish"]);
  expect((await stream.reply).text).not.toBe("");
  expect(simulator.requests[0]?.body).not.toHaveProperty("stream");
});

test("a tool's properties are sent in the order of each call", async () => {
  const simulator = await simulate();
  const model = factoryOf(entry("openai", simulator.url)).create();
  const [reason, verdict] = [{ reason: { type: "string" } }, { verdict: { type: "string" } }];
  const toolWith = (properties: object): ToolInput => ({ name: "judge", parameters: { type: "object", properties } });
  for (const properties of [
    { ...verdict, ...reason },
    { ...reason, ...verdict },
  ]) {
    await model.codegen("Hi.", { tools: [toolWith(properties)] });
    expect(JSON.stringify(simulator.requests.at(-1)?.body)).toContain(JSON.stringify(properties));
  }
});

test("a reply that is changed does not change the next one", async () => {
  const simulator = await simulate();
  const model = factoryOf(entry("openai", simulator.url, "reasoning_effort = 0.5")).create();
  const first = await model.codegen("Hi.");
  const said = structuredClone(first.adjustments);
  Object.assign(first.adjustments[0] as object, { setting: "changed" });
  expect((await model.codegen("Hi.")).adjustments).toEqual(said);
  expect(said).toMatchObject([{ setting: "reasoning_effort", from: 0.5, to: "medium" }]);
});

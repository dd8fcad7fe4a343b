import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import { z as zod3 } from "zod/v3";
import type { ScriptStep } from "../../src/dialects/scripted/dialect.ts";
import { factoryOf } from "../harness/scripted-factory.ts";

const recipe = z.object({ name: z.string(), minutes: z.number().int() });
const says = (text: string, finish: "stop" | "length" = "stop"): ScriptStep[] => [
  { delta: text },
  { usage: { input: 10, output: 5 } },
  { finish },
];
const good = '{"name":"soup","minutes":20}';

describe("an object", () => {
  it("is asked for by its schema and given validated", async () => {
    const { model, dialects } = factoryOf({ a: [says(good)] });
    const { object, reply } = await model.object(recipe, "cook");
    expect(object).toEqual({ name: "soup", minutes: 20 });
    expect(reply.text).toBe(good);
    expect(dialects["a"]?.calls[0]?.call.request.settings.responseFormat).toMatchObject({
      type: "json_schema",
      schema: { type: "object", properties: { name: { type: "string" } } },
    });
  });

  it.each([
    ["a list", z.array(z.string()), '{"value":["a","b"]}', ["a", "b"]],
    ["a word", z.enum(["yes", "no"]), '{"value":"yes"}', "yes"],
    [
      "a choice",
      z.union([z.object({ a: z.number() }), z.object({ b: z.string() })]),
      '{"value":{"b":"x"}}',
      { b: "x" },
    ],
  ])("is wrapped when it is %s", async (_, schema, text, expected) => {
    const { model, dialects } = factoryOf({ a: [says(text)] });
    expect((await model.object(schema, "x")).object).toEqual(expected);
    expect(dialects["a"]?.calls[0]?.call.request.settings.responseFormat).toMatchObject({
      schema: { type: "object", required: ["value"] },
    });
  });

  it("is found in a code fence", async () => {
    expect((await factoryOf({ a: [says(`\`\`\`json\n${good}\n\`\`\``)] }).model.object(recipe, "x")).object.name).toBe(
      "soup",
    );
  });

  it("is the output of the schema", async () => {
    const schema = z.object({ day: z.string().transform((text) => text.length) });
    expect((await factoryOf({ a: [says('{"day":"monday"}')] }).model.object(schema, "x")).object).toEqual({ day: 6 });
  });

  it.each([
    ["no JSON", "soup, 20 minutes", "not JSON: it does not begin with an object or array"],
    ["half of it", '{"name": "soup",\n "minutes":', "not JSON: unexpected end at line 2, column 12"],
    ["another shape", '{"name":"soup","minutes":"twenty"}', "minutes"],
    ["nothing of it", "{}", "name"],
  ])("is invalid_output when the answer is %s", async (_, text, words) => {
    const { model } = factoryOf({ a: [says(text)] });
    const error = await model.object(recipe, "cook", { repair: 0 }).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "invalid_output", partial: { text }, attempts: [{ outcome: "ok" }] });
    expect((error as Error).message).toContain(words);
  });

  it("is re-asked with the problems, and the cost of all requests is counted", async () => {
    const { model, dialects } = factoryOf({ a: [says('{"name":"soup"}'), says(good)] });
    const { object, reply } = await model.object(recipe, "cook", { repair: 1 });
    expect(object.minutes).toBe(20);
    expect(reply).toMatchObject({ usage: { total: 30 }, attempts: [{}, {}] });
    const messages = dialects["a"]?.calls[1]?.call.request.messages;
    expect(messages?.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(JSON.stringify(messages?.[2])).toContain("minutes");
  });

  it("is re-asked at most `repair` times", async () => {
    const { model, dialects } = factoryOf({ a: [says("no")] });
    const error = await model.object(recipe, "cook", { repair: 2 }).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "invalid_output", attempts: [{}, {}, {}] });
    expect((error as Error).message).toContain("after 2 re-asks");
    expect(dialects["a"]?.calls).toHaveLength(3);
  });

  it("is not re-asked after a refusal, which throws refused", async () => {
    const { model, dialects } = factoryOf({
      a: [[{ events: [{ type: "refusal-delta", text: "I will not.", sample: 0 }] }, { finish: "refusal" }]],
    });
    await expect(model.object(recipe, "cook", { repair: 3 })).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("I will not."),
    });
    expect(dialects["a"]?.calls).toHaveLength(1);
  });

  it("says which limit to raise when truncated", async () => {
    await expect(
      factoryOf({ a: [says('{"name":"so', "length")] }).model.object(recipe, "cook", { repair: 0 }),
    ).rejects.toThrow("max_new_tokens");
  });

  it("keeps the cost of earlier requests when a re-ask fails", async () => {
    const { model } = factoryOf({ a: [says("no"), [{ error: { code: "unauthorized", message: "gone" } }]] });
    await expect(model.object(recipe, "cook", { repair: 1 })).rejects.toMatchObject({
      code: "unauthorized",
      attempts: [{ outcome: "ok" }, { outcome: "error" }],
    });
  });

  it("is invalid_output with the exception as its cause when a transform throws, and is re-asked with repair", async () => {
    const cause = new RangeError("no such day");
    const schema = z.object({
      day: z.string().transform((day) => {
        if (day === "doomsday") throw cause;
        return day;
      }),
    });
    const { model, dialects } = factoryOf({ a: [says('{"day":"doomsday"}'), says('{"day":"monday"}')] });
    const error = await model.object(schema, "x", { repair: 0 }).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "invalid_output", attempts: [{ outcome: "ok" }] });
    expect((error as Error).cause).toBe(cause);
    expect((error as Error).message).toMatch(/threw an error, see cause$/);
    const again = factoryOf({ a: [says('{"day":"doomsday"}'), says('{"day":"monday"}')] });
    expect((await again.model.object(schema, "x", { repair: 1 })).object).toEqual({ day: "monday" });
    expect(dialects["a"]?.calls).toHaveLength(1);
  });

  it("is invalid_output when the validation rejects", async () => {
    const validate = () => Promise.reject(new Error("database is away"));
    const schema = { "~standard": { ...recipe["~standard"], validate } } as unknown as typeof recipe;
    const { model } = factoryOf({ a: [says('{"day":"monday"}')] });
    await expect(model.object(schema, "x", { repair: 0 })).rejects.toMatchObject({
      code: "invalid_output",
      cause: { message: "database is away" },
    });
  });

  it("is not re-asked when the model calls a tool instead, and the error has the call", async () => {
    const { model, dialects } = factoryOf({
      a: [[{ toolCall: { name: "weather", arguments: { city: "Oslo" } } }, { finish: "tool-calls" }]],
    });
    const error = await model
      .object(recipe, "cook", { repair: 3, tools: [{ name: "weather" }] })
      .catch((failure: unknown) => failure);
    expect(error).toMatchObject({
      code: "invalid_output",
      partial: { toolCalls: [{ name: "weather", arguments: { city: "Oslo" } }] },
    });
    expect((error as Error).message).toBe(
      'a: the model called "weather" instead of answering; run error.partial.toolCalls and send their results, or pass toolChoice: "none"',
    );
    expect(dialects["a"]?.calls).toHaveLength(1);
  });

  it("needs a schema with JSON Schema output", async () => {
    const { model, dialects } = factoryOf({ a: [says(good)] });
    const bare = (vendor: string) => ({
      "~standard": { version: 1 as const, vendor, validate: (value: unknown) => ({ value }) },
    });
    const refusal = (schema: never) => model.object(schema, "x").catch((error: unknown) => error);
    expect(await refusal({} as never)).toMatchObject({ code: "invalid_request" });
    expect(await refusal(bare("x") as never)).toMatchObject({ code: "invalid_request" });
    expect(await refusal(bare("valibot") as never)).toMatchObject({
      message: expect.stringContaining("toStandardJsonSchema"),
    });
    expect(await refusal(zod3.object({ a: zod3.string() }) as never)).toMatchObject({
      message: expect.stringContaining("zod 3 schema; modelwright needs zod 4"),
    });
    expect(dialects["a"]?.calls).toHaveLength(0);
  });

  it("supports zod/mini schemas", async () => {
    const schema = mini.object({ name: mini.string(), minutes: mini.optional(mini.number()) });
    const { model, dialects } = factoryOf({ a: [says(good)] });
    expect((await model.object(schema, "x")).object.name).toBe("soup");
    expect(dialects["a"]?.calls[0]?.call.request.settings.responseFormat).toMatchObject({
      schema: { properties: { name: { type: "string" }, minutes: { type: "number" } }, required: ["name"] },
    });
  });

  it("requests a string for a coerced date or bigint", async () => {
    const schema = z.object({ at: z.coerce.date(), n: z.coerce.bigint().optional() });
    const { model, dialects } = factoryOf({ a: [says('{"at":"2026-01-02","n":"9007199254740993"}')] });
    const { object } = await model.object(schema, "x");
    expect(object).toEqual({ at: new Date("2026-01-02"), n: 9007199254740993n });
    expect(dialects["a"]?.calls[0]?.call.request.settings.responseFormat).toMatchObject({
      schema: { properties: { at: { type: "string", format: "date-time" }, n: { type: "string" } } },
    });
  });

  it.each([
    ["z.date()", z.date(), "events[].startsAt", "z.coerce.date()"],
    ["z.bigint()", z.bigint(), "events[].startsAt", "z.coerce.bigint()"],
    ["z.map()", z.map(z.string(), z.string()), "events[].startsAt", "z.record()"],
    ["z.set()", z.set(z.string()), "events[].startsAt", "z.array()"],
    ["a date in an array", z.array(z.date()), "events[].startsAt[]", "z.coerce.date()"],
    ["a date in a record", z.record(z.string(), z.date()), "events[].startsAt{}", "z.coerce.date()"],
    ["a class instance", z.instanceof(URL), "events[].startsAt", "Custom types"],
  ])("names the field of %s and what to use instead", async (_, leaf, field, instead) => {
    const { model, dialects } = factoryOf({ a: [says(good)] });
    const schema = z.object({ events: z.array(z.object({ startsAt: leaf })) });
    const error = await model.object(schema, "x").catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "invalid_request", message: expect.stringContaining(`at "${field}"`) });
    expect((error as Error).message).toContain(instead);
    expect(dialects["a"]?.calls).toHaveLength(0);
  });
});

describe("tools whose parameters are zod schemas", () => {
  const parameters = z.object({ city: z.string(), at: z.coerce.date().optional() });
  const json = { type: "object", properties: { city: { type: "string" }, at: { type: "string" } }, required: ["city"] };

  it.each([
    ["flat", { name: "weather", parameters }],
    ["nested as OpenAI writes them", { type: "function" as const, function: { name: "weather", parameters } }],
    [
      "of zod/mini",
      { name: "weather", parameters: mini.object({ city: mini.string(), at: mini.optional(mini.string()) }) },
    ],
  ])("are sent as JSON Schema (%s)", async (_, tool) => {
    const { model, dialects } = factoryOf({ a: [says(good)] });
    await model.codegen("x", { tools: [tool] });
    expect(dialects["a"]?.calls[0]?.call.request.settings.tools).toMatchObject([{ name: "weather", parameters: json }]);
  });

  it("are supported in response formats too", async () => {
    const { model, dialects } = factoryOf({ a: [says(good)] });
    await model.codegen("x", { responseFormat: { type: "json_schema", name: "weather", schema: parameters as never } });
    expect(dialects["a"]?.calls[0]?.call.request.settings.responseFormat).toMatchObject({ schema: json });
  });

  it("are rejected with the tool and the field that JSON cannot represent", async () => {
    const { model } = factoryOf({ a: [says(good)] });
    const tools = [{ name: "weather", parameters: z.object({ at: z.date() }) }];
    await expect(model.codegen("x", { tools })).rejects.toThrow(
      /^tools\[0\]\.parameters: .*at "at".*z\.coerce\.date\(\)/,
    );
  });

  it("are rejected without z.object, and so is a schema as a response format, with the fix", async () => {
    const { model, dialects } = factoryOf({ a: [says(good)] });
    const tools = [{ name: "weather", parameters: { city: z.string() } as never }];
    await expect(model.codegen("x", { tools })).rejects.toThrow("wrap the fields in z.object({ … })");
    await expect(model.codegen("x", { responseFormat: parameters as never })).rejects.toThrow("use model.object(");
    expect(dialects["a"]?.calls).toHaveLength(0);
  });

  it("need a unique name", async () => {
    const { model, dialects } = factoryOf({ a: [says(good)] });
    const tools = [{ name: "weather" }, { type: "function" as const, function: { name: "weather", parameters } }];
    await expect(model.codegen("x", { tools })).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining('two are named "weather"'),
    });
    expect(dialects["a"]?.calls).toHaveLength(0);
  });
});

describe("a growing object", () => {
  const pieces: ScriptStep[] = [...[...good].map((delta) => ({ delta })), { finish: "stop" }];

  it("only grows, and ends complete", async () => {
    const { model } = factoryOf({ a: [pieces] });
    const stream = model.streamObject(recipe, "cook");
    const seen: { name?: string; minutes?: number }[] = [];
    for await (const partial of stream) seen.push(partial);
    expect(seen.length).toBeGreaterThan(4);
    seen.reduce((before, now) => {
      expect(Object.keys(now).length).toBeGreaterThanOrEqual(Object.keys(before).length);
      expect((now.name ?? "").startsWith(before.name ?? "")).toBe(true);
      return now;
    });
    expect(seen.at(-1)).toEqual({ name: "soup", minutes: 20 });
    expect(await stream.object).toEqual({ name: "soup", minutes: 20 });
    expect((await stream.reply).text).toBe(good);
  });

  it("can be awaited without being read", async () => {
    expect(await factoryOf({ a: [pieces] }).model.streamObject(recipe, "cook").object).toEqual({
      name: "soup",
      minutes: 20,
    });
  });

  it("is a growing array for an array schema", async () => {
    const { model } = factoryOf({ a: [[{ delta: '{"value":["a"' }, { delta: ',"b"]}' }, { finish: "stop" }]] });
    const seen: unknown[] = [];
    for await (const partial of model.streamObject(z.array(z.string()), "x")) seen.push(partial);
    expect(seen).toEqual([["a"], ["a", "b"]]);
  });

  it("is an error for the iteration and for `object` when it is never valid", async () => {
    const { model } = factoryOf({ a: [says("sorry")] });
    const stream = model.streamObject(recipe, "cook");
    await expect(async () => {
      for await (const _ of stream);
    }).rejects.toMatchObject({ code: "invalid_output" });
    await expect(stream.object).rejects.toMatchObject({ code: "invalid_output" });
  });

  it("is invalid_output when a transform throws or a tool is called", async () => {
    const schema = z.object({
      name: z.string().transform((): string => {
        throw new Error("not today");
      }),
    });
    const stream = factoryOf({ a: [pieces] }).model.streamObject(schema, "cook");
    await expect(stream.object).rejects.toMatchObject({ code: "invalid_output", cause: { message: "not today" } });
    const calls = factoryOf({ a: [[{ toolCall: { name: "weather" } }, { finish: "tool-calls" }]] });
    await expect(calls.model.streamObject(recipe, "x", { tools: [{ name: "weather" }] }).object).rejects.toThrow(
      /called "weather" instead of answering/,
    );
  });

  it("rejects `repair` before any request", () => {
    const { model, dialects } = factoryOf({ a: [pieces] });
    expect(() => model.streamObject(recipe, "cook", { repair: 1 })).toThrow(/cannot be repaired.*object\(\)/);
    expect(dialects["a"]?.calls).toHaveLength(0);
  });
});

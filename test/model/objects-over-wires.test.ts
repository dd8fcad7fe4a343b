import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { GrowingJson } from "../../src/core/growing-json.ts";
import type { JsonSchema, StandardSchema } from "../../src/index.ts";
import { AT_ONCE, entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { chatBody, chatEvents, sendEvents, serve } from "../harness/small-server.ts";
import { aWhile } from "../harness/waits.ts";
import { WIRES } from "../harness/wires.ts";

const PERSON = z.object({
  name: z.string(),
  age: z.number().int(),
  tags: z.array(z.string()),
  role: z.enum(["admin", "guest"]),
});
const PERSON_JSON = { name: "Ada", age: 36, tags: ["x", "y"], role: "admin" };

interface Tree {
  label: string;
  children: Tree[];
}
const TREE: z.ZodType<Tree> = z.object({
  label: z.string(),
  get children() {
    return z.array(TREE);
  },
});

const LEAF: Tree = { label: "root", children: [{ label: "branch", children: [{ label: "leaf", children: [] }] }] };

describe.each(WIRES)("object() on the %s wire", (wire) => {
  test("returns a value of the schema that was sent to the provider", async () => {
    const simulator = await simulate();
    const { object, reply } = await factoryOf(entry(wire, simulator.url)).create().object(PERSON, "Describe a person.");
    expect(PERSON.parse(object)).toEqual(object);
    expect(JSON.parse(reply.text)).toEqual(object);
    expect(simulator.requests).toHaveLength(1);
    expect(JSON.stringify(simulator.requests[0]?.body)).toContain("guest");
  });

  test.each([
    [
      "nested tables and lists of tables",
      z.object({ place: z.object({ city: z.string(), spots: z.array(z.object({ x: z.number() })) }) }),
    ],
    ["null where it may be", z.object({ nick: z.string().nullable(), age: z.number() })],
    [
      "a choice of tables",
      z.object({
        shape: z.discriminatedUnion("kind", [
          z.object({ kind: z.literal("dot") }),
          z.object({ kind: z.literal("disc"), radius: z.number() }),
        ]),
      }),
    ],
    ["a list at the root", z.array(z.object({ id: z.number() }))],
    ["a word at the root", z.enum(["yes", "no"])],
    ["a number at the root", z.number()],
    ["a choice at the root", z.union([z.object({ a: z.number() }), z.object({ b: z.string() })])],
  ] as const)("handles %s", async (_, schema) => {
    const simulator = await simulate();
    const { object } = await factoryOf(entry(wire, simulator.url))
      .create()
      .object(schema as StandardSchema, "Fill it in.");
    expect((schema as z.ZodType).safeParse(object).success).toBe(true);
  });

  test.each([
    ["a table that contains itself", TREE, LEAF],
    ["a list of tables that contain themselves", z.array(TREE), { value: [LEAF] }],
  ] as const)("handles %s", async (_, schema, answer) => {
    const simulator = await simulate({ answers: () => ({ text: JSON.stringify(answer) }) });
    const { object } = await factoryOf(entry(wire, simulator.url))
      .create()
      .object(schema as StandardSchema, "Grow.");
    expect(object).toEqual("value" in answer ? answer.value : answer);
    expect(JSON.stringify(simulator.requests[0]?.body)).toContain("children");
  });

  test("omits optional properties that the wire required", async () => {
    const schema = z.object({ name: z.string(), nick: z.string().optional() });
    const simulator = await simulate({ answers: () => ({ text: '{"name":"Ada","nick":null}' }) });
    const { object } = await factoryOf(entry(wire, simulator.url)).create().object(schema, "Who?");
    expect(object).toEqual({ name: "Ada" });
  });

  test("applies defaults and transforms", async () => {
    const schema = z.object({ name: z.string().transform((name) => name.toUpperCase()), size: z.number().default(7) });
    const simulator = await simulate({ answers: () => ({ text: '{"name":"ada"}' }) });
    const { object } = await factoryOf(entry(wire, simulator.url)).create().object(schema, "Who?");
    expect(object).toEqual({ name: "ADA", size: 7 });
  });

  test("re-asks with the problem; usage, cost and attempts include both requests", async () => {
    const simulator = await simulate({
      script: [{ answer: { text: '{"name":"Ada"}' } }, { answer: { text: JSON.stringify(PERSON_JSON) } }],
    });
    const model = factoryOf(entry(wire, simulator.url)).create();
    const { object, reply } = await model.object(PERSON, "Who?", { repair: 1 });
    expect(object).toEqual(PERSON_JSON);
    expect(simulator.requests).toHaveLength(2);
    const second = JSON.stringify(simulator.requests[1]?.body);
    expect(second).toContain("age: Invalid input");
    expect(second).toContain(JSON.stringify('{"name":"Ada"}').slice(1, -1));
    expect(reply.attempts).toHaveLength(2);
    const [one, other] = reply.attempts;
    expect(reply.usage.total).toBe((one?.usage?.total ?? 0) + (other?.usage?.total ?? 0));
    expect(reply.cost.usd).toBeCloseTo((one?.cost?.usd ?? 0) + (other?.cost?.usd ?? 0), 12);
  });

  test("throws refused after one request, regardless of `repair`", async () => {
    const simulator = await simulate({ script: [{ kind: "refusal", times: Number.POSITIVE_INFINITY }] });
    const error = await failureOf(factoryOf(entry(wire, simulator.url)).create().object(PERSON, "Who?", { repair: 3 }));
    // Gemini has no refusal of its own: its filter says so.
    expect(error.code).toBe(wire === "google" ? "content_filtered" : "refused");
    expect(simulator.requests).toHaveLength(1);
    expect(error.attempts).toHaveLength(1);
  });

  test("says that the token limit truncated the JSON", async () => {
    const simulator = await simulate({
      answers: () => ({ text: JSON.stringify({ ...PERSON_JSON, name: "Ada ".repeat(100) }) }),
    });
    const error = await failureOf(
      factoryOf(entry(wire, simulator.url)).create().object(PERSON, "Who?", { maxNewTokens: 20 }),
    );
    expect(error.code).toBe("invalid_output");
    expect(error.message).toMatch(/cut off by the token limit/);
    expect(error.partial?.text).not.toBe("");
  });

  test("grows: each partial extends the one before, the last is the object", async () => {
    const simulator = await simulate();
    const stream = factoryOf(entry(wire, simulator.url)).create().streamObject(PERSON, "Describe a person.");
    await aWhile();
    expect(simulator.requests).toHaveLength(0);
    const seen: unknown[] = [];
    for await (const partial of stream) seen.push(partial);
    const object = await stream.object;
    expect(seen.length).toBeGreaterThan(1);
    for (let index = 1; index < seen.length; index++) expect(extend(seen[index - 1], seen[index])).toBe(true);
    expect(seen.at(-1)).toEqual(object);
    expect(JSON.parse((await stream.reply).text)).toEqual(object);
    expect(simulator.requests).toHaveLength(1);
  });
});

/** Whether `later` says all that `earlier` says. */
function extend(earlier: unknown, later: unknown): boolean {
  if (typeof earlier === "string") return typeof later === "string" && later.startsWith(earlier);
  if (typeof earlier !== "object" || earlier === null) return Object.is(earlier, later) || earlier === later;
  if (typeof later !== "object" || later === null || Array.isArray(earlier) !== Array.isArray(later)) return false;
  return Object.entries(earlier).every(
    ([key, value]) => key in later && extend(value, (later as Record<string, unknown>)[key]),
  );
}

describe("partial JSON", () => {
  test('while {"a":1,"b":[1, has arrived, the last partial is {a:1,b:[1]}', async () => {
    const server = await serve((_, response) => sendEvents(response, chatEvents(['{"a":1,', '"b":[1,', "2]}"])));
    const schema = z.object({ a: z.number(), b: z.array(z.number()) });
    const stream = factoryOf(entry("openai", server.url)).create().streamObject(schema, "Count.");
    const seen: unknown[] = [];
    for await (const partial of stream) seen.push(structuredClone(partial));
    expect(seen).toContainEqual({ a: 1, b: [1] });
    expect(seen.at(-1)).toEqual({ a: 1, b: [1, 2] });
  });

  test("only grows as the text grows", () => {
    const values = fc.jsonValue({ maxDepth: 3, stringUnit: "grapheme" });
    const table = fc.dictionary(fc.string({ unit: "grapheme" }), values, { maxKeys: 4 });
    fc.assert(
      fc.property(table, (value) => {
        const text = JSON.stringify(value);
        const json = new GrowingJson();
        let before: unknown = {};
        for (const char of text) {
          json.push(char);
          const partial = json.value();
          if (partial === undefined) continue;
          expect(extend(before, partial), text).toBe(true);
          before = partial;
        }
        expect(before).toEqual(JSON.parse(text));
      }),
      { numRuns: 60 },
    );
  });
});

describe("any Standard Schema", () => {
  /** As another library would make it: `even` numbers. */
  const even: StandardSchema<number> = {
    "~standard": {
      version: 1,
      vendor: "hand-made",
      validate: async (value) =>
        typeof value === "number" && value % 2 === 0
          ? { value }
          : { issues: [{ message: "not even", path: ["n", { key: 0 }] }] },
      jsonSchema: { input: (): JsonSchema => ({ type: "number", title: "Even number!" }) },
    },
  };

  test("works if it has JSON Schema output, even with asynchronous validation", async () => {
    const server = await serve(() => chatBody('{"value":4}'));
    expect((await factoryOf(entry("openai", server.url)).create().object(even, "Say four.")).object).toBe(4);
    expect(server.arrivals[0]?.body["response_format"]).toMatchObject({
      json_schema: { name: "Even_number_", schema: { properties: { value: { type: "number" } }, required: ["value"] } },
    });
  });

  test("names the path of an invalid value", async () => {
    const server = await serve(() => chatBody('{"value":3}'));
    const error = await failureOf(factoryOf(entry("openai", server.url)).create().object(even, "Say four."));
    expect([error.code, error.partial?.text]).toEqual(["invalid_output", '{"value":3}']);
    expect(error.message).toContain("n.0: not even");
  });

  test("is rejected before any request without JSON Schema output", async () => {
    const server = await serve(() => chatBody("{}"));
    const model = factoryOf(entry("openai", server.url)).create();
    const { jsonSchema: _, ...bare } = even["~standard"];
    expect((await failureOf(model.object({ "~standard": bare }, "Say four."))).code).toBe("invalid_request");
    expect((await failureOf(model.object(z.object({ at: z.date() }), "When?"))).code).toBe("invalid_request");
    expect(server.arrivals).toHaveLength(0);
  });

  test("keeps the meaning of a recursive root inside an array", async () => {
    type Nest = string | Nest[];
    const nest: z.ZodType<Nest> = z.union([z.string(), z.array(z.lazy(() => nest))]);
    const server = await serve(() => chatBody('{"value":["a",["b",["c"]]]}'));
    const { object } = await factoryOf(entry("openai", server.url)).create().object(nest, "Nest.");
    expect(object).toEqual(["a", ["b", ["c"]]]);
    const sent = JSON.stringify(server.arrivals[0]?.body["response_format"]);
    expect(sent).not.toContain('"$ref":"#"');
  });
});

describe("text around JSON", () => {
  const text = JSON.stringify(PERSON_JSON);
  test.each([
    ["a code fence", `\`\`\`json\n${text}\n\`\`\``],
    ["a fence without a language", `\`\`\`\n${text}\n\`\`\``],
    ["words before a fence", `Here is the JSON you asked for:\n\n\`\`\`json\n${text}\n\`\`\`\nAnything else?`],
    ["white space", `\n\n  ${text}\n`],
  ])("%s is removed", async (_, said) => {
    const server = await serve(() => chatBody(said));
    expect((await factoryOf(entry("openai", server.url)).create().object(PERSON, "Who?")).object).toEqual(PERSON_JSON);
  });

  test.each([
    ["nothing but words", "I think it is Ada."],
    ["half of it", text.slice(0, 20)],
    ["another shape", '{"name":1}'],
    ["a list instead", "[]"],
    ["null", "null"],
  ])("%s is invalid_output with the partial", async (_, said) => {
    const server = await serve(() => chatBody(said));
    const error = await failureOf(factoryOf(entry("openai", server.url)).create().object(PERSON, "Who?"));
    expect([error.code, error.partial?.text, error.attempts.length]).toEqual(["invalid_output", said, 1]);
    expect(server.arrivals).toHaveLength(1);
  });

  test("the entry's `repair` is the default", async () => {
    const server = await serve(() => chatBody("no"));
    const error = await failureOf(
      factoryOf(entry("openai", server.url, "repair = 2"))
        .create()
        .object(PERSON, "Who?"),
    );
    expect(server.arrivals).toHaveLength(3);
    expect(error.attempts).toHaveLength(3);
    expect(error.message).toContain("after 2 re-asks");
  });

  test("a failing re-ask has the earlier attempts", async () => {
    const server = await serve((_, response) => {
      if (server.arrivals.length === 1) return chatBody("no");
      response.writeHead(401, { "content-type": "application/json" }).end('{"error":{"message":"no"}}');
      return undefined;
    });
    const error = await failureOf(
      factoryOf(entry("openai", server.url, AT_ONCE))
        .create()
        .object(PERSON, "Who?", { repair: 1 }),
    );
    expect([error.code, error.attempts.map(({ outcome }) => outcome)]).toEqual(["unauthorized", ["ok", "error"]]);
  });
});

describe("hosts without schema support", () => {
  const text = JSON.stringify(PERSON_JSON);

  test("get JSON mode and the schema in the prompt, which is reported", async () => {
    const server = await serve(() => chatBody(text));
    const toml = `[models.main]\nname = "deepseek-chat"\nprovider = "deepseek"\napi_key = "k"\nbase_url = "${server.url}/v1"\n`;
    const { object, reply } = await factoryOf(toml).create().object(PERSON, "Who?");
    expect(object).toEqual(PERSON_JSON);
    const { body } = server.arrivals[0] ?? { body: {} };
    expect((body as Record<string, unknown>)["response_format"]).toEqual({ type: "json_object" });
    expect(JSON.stringify((body as Record<string, unknown>)["messages"])).toContain("guest");
    expect(reply.adjustments.map(({ setting }) => setting)).toContain("response_format");
  });

  test("get only an instruction without JSON mode", async () => {
    const server = await serve(() => chatBody(`\`\`\`json\n${text}\n\`\`\``));
    const { object, reply } = await factoryOf(entry("openai", server.url, "capabilities = { json_schema = false }"))
      .create()
      .object(PERSON, "Who?");
    expect(object).toEqual(PERSON_JSON);
    expect(JSON.stringify(server.arrivals[0]?.body["messages"])).toContain("guest");
    expect(server.arrivals[0]?.body["response_format"]).not.toMatchObject({ type: "json_schema" });
    expect(reply.adjustments.map(({ setting }) => setting)).toContain("response_format");
  });

  test("an older Claude gets a tool whose arguments are the object; the caller sees no tool call", async () => {
    const simulator = await simulate();
    const { object, reply } = await factoryOf(
      entry("anthropic", simulator.url, "", { name: "claude-3-haiku-20240307" }),
    )
      .create()
      .object(PERSON, "Who?");
    expect(PERSON.parse(object)).toEqual(object);
    expect(reply.toolCalls).toEqual([]);
    expect(reply.finishReason).toBe("stop");
    expect(simulator.requests[0]?.body).toMatchObject({ tool_choice: { type: "tool" } });
  });
});

describe("a failing object stream", () => {
  test("ends with invalid_output for the reader and in .object; breaking out aborts", async () => {
    const server = await serve((_, response) => sendEvents(response, chatEvents(["no ", "JSON"])));
    const model = factoryOf(entry("openai", server.url)).create();
    const stream = model.streamObject(PERSON, "Who?");
    const read = async () => {
      for await (const _ of stream);
    };
    expect((await failureOf(read())).code).toBe("invalid_output");
    expect((await failureOf(stream.object)).code).toBe("invalid_output");
    expect((await stream.reply).text).toBe("no JSON");
    const left = await serve((_, response) => sendEvents(response, chatEvents(['{"name":"A', 'da","age":3', "6}"])));
    const other = factoryOf(entry("openai", left.url)).create().streamObject(PERSON, "Who?");
    for await (const _ of other) break;
    expect((await failureOf(other.object)).code).toBe("aborted");
  });

  test("starts the partials again after a restart", async () => {
    const simulator = await simulate({
      answers: () => ({
        text: JSON.stringify({ ...PERSON_JSON, tags: Array.from({ length: 40 }, (_, index) => `tag ${index}`) }),
      }),
      script: [{ cut: { afterEvents: 6 } }],
    });
    const stream = factoryOf(entry("openai", simulator.url, `on_break = "restart"\n${AT_ONCE}`))
      .create()
      .streamObject(PERSON, "Who?");
    let last: unknown;
    for await (const partial of stream) last = partial;
    expect(last).toEqual(await stream.object);
    expect(simulator.requests).toHaveLength(2);
  });
});

import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { GrowingJson } from "../../src/core/growing-json.ts";
import { ConfigError, type JsonSchema, ModelError, ModelFactory } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { SMALL_BODY, smallBody } from "../harness/small-answers.ts";
import { WIRES } from "../harness/wires.ts";

/** The properties of every object at the start of this file, which must be unchanged after each test. */
const UNTOUCHED = [Object.prototype, Array.prototype, Function.prototype, String.prototype].map((prototype) => ({
  prototype,
  names: Reflect.ownKeys(prototype).map(String),
}));
afterEach(() => {
  for (const { prototype, names } of UNTOUCHED) expect(Reflect.ownKeys(prototype).map(String)).toEqual(names);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

const NAMES = ["__proto__", "constructor", "prototype"] as const;
/** As created by JSON.parse, with an own property named `__proto__`. */
const HOSTILE = '{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}},"city":"Oslo"}';
const hostile = () => JSON.parse(HOSTILE) as Record<string, unknown>;

describe("a table or key of models.toml named like a built-in property is rejected with its position:", () => {
  const PLACES: readonly (readonly [where: string, toml: (name: string) => string])[] = [
    ["at the top", (name) => `["${name}"]\npolluted = "yes"\n`],
    ["among the models", (name) => `[models."${name}"]\nname = "m"\nprovider = "openai"\n`],
    ["among the providers", (name) => `[providers."${name}"]\nbase_url = "http://127.0.0.1:1"\n`],
    ["among the profiles", (name) => `[profiles."${name}".models.a]\nname = "m"\n`],
    ["in an entry", (name) => `[models.b]\nname = "m"\nprovider = "openai"\n"${name}" = { polluted = "yes" }\n`],
    [
      "in extra_body",
      (name) => `[models.b]\nname = "m"\nprovider = "openai"\nextra_body = { "${name}" = { polluted = "yes" } }\n`,
    ],
    [
      "deep in extra_body",
      (name) => `[models.b]\nname = "m"\nprovider = "openai"\nextra_body = { a = [{ "${name}" = 1 }] }\n`,
    ],
    [
      "in extra_headers",
      (name) => `[models.b]\nname = "m"\nprovider = "openai"\nextra_headers = { "${name}" = "yes" }\n`,
    ],
    ["in metadata", (name) => `[models.b]\nname = "m"\nprovider = "openai"\nmetadata = { "${name}" = "yes" }\n`],
    ["in a dotted key", (name) => `[models.b]\nname = "m"\nprovider = "openai"\nextra_body.${name}.polluted = "yes"\n`],
    [
      "in the schema of a tool",
      (name) =>
        `[models.b]\nname = "m"\nprovider = "openai"\n[[models.b.tools]]\nname = "t"\nparameters = { type = "object", properties = { "${name}" = { type = "string" } } }\n`,
    ],
    ["among the prices", (name) => `[pricing."${name}"]\ninput = 1\noutput = 1\n`],
  ];

  for (const [where, toml] of PLACES) {
    test.each(NAMES)(`${where}: %s`, (name) => {
      const text = `[models.a]\nname = "m"\nprovider = "simulator"\n${toml(name)}`;
      let thrown: unknown;
      try {
        ModelFactory.parse(text, { env: {} });
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(ConfigError);
      const { problems } = thrown as ConfigError;
      expect(problems.some(({ message, line }) => message.includes(`"${name}"`) && line > 3)).toBe(true);
    });
  }
});

describe("a value of models.toml may have such a name without effect:", () => {
  test.each([...NAMES, "toString", "hasOwnProperty", "valueOf"])("%s as provider, model, parameter", async (name) => {
    const server = await serving(() => smallBody("openai"));
    const factory = ModelFactory.parse(
      `[models.a]\nname = "${name}"\nprovider = "${name}"\ncustom_llm_provider = "openai"\nbase_url = "${server.origin}/v1"\napi_key = "k-${name}"\n`,
      { env: {}, tokens: {} },
    );
    onTestFinished(() => factory.close());
    const reply = await factory.get("a").codegen("Hello");
    expect([reply.text, reply.provider, reply.cost.usd]).toEqual(["fine", name, null]);
    expect(server.requests[0]?.headers["authorization"]).toBe(`Bearer k-${name}`);
    expect(factory.describe("a").provider).toBe(name);
    expect(factory.info(name)).toBeNull();
    const priced = `[models.a]\nname = "x"\nprovider = "openai"\nprice_as = "${name}"\n`;
    expect(() => ModelFactory.parse(priced, { env: {} })).toThrow(`no price is known for "${name}"`);
    expect(() => factory.get(name)).toThrow(ConfigError);
  });
});

for (const wire of WIRES) {
  describe(`on the ${wire} wire`, () => {
    test("extraBody is sent unchanged, as an own property", async () => {
      const server = await serving(() => smallBody(wire));
      const outcome = await modelAt(wire, server.origin).safeCodegen("Hello", { extraBody: hostile() });
      // Google's SDK drops the property.
      if (outcome.ok && wire === "google") expect(server.requests[0]?.body).toContain('"city":"Oslo"');
      else if (outcome.ok) expect(server.requests[0]?.body).toContain('"__proto__":{"polluted":"yes"}');
      else expect([outcome.error.code, server.requests.length]).toEqual(["invalid_request", 0]);
    });

    test("metadata and the schema of a tool pollute nothing", async () => {
      const server = await serving(() => smallBody(wire));
      const parameters = JSON.parse(
        `{"type":"object","properties":${HOSTILE.replace('"Oslo"', '{"type":"string"}').replaceAll('"yes"', '{"type":"string"}')}}`,
      ) as JsonSchema;
      const metadata = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
      const tools = [{ name: "weather", description: "d", parameters }];
      const outcome = await modelAt(wire, server.origin).safeCodegen("Hello", { tools, metadata });
      if (!outcome.ok) expect(outcome.error).toBeInstanceOf(ModelError);
      else expect(server.requests[0]?.body).toContain('"city"');
    });

    test("arguments that a model writes become own properties", async () => {
      const server = await serving(() => ({ body: JSON.stringify(callBody(wire)) }));
      for (const streaming of [false, true]) {
        const model = modelAt(wire, server.origin);
        const reply = await (streaming ? model.stream("Hello").reply : model.codegen("Hello"));
        const given = reply.toolCalls[0]?.arguments as Record<string, unknown>;
        expect(Object.keys(given)).toEqual(["__proto__", "constructor", "city"]);
        expect(Object.getPrototypeOf(given)).toBe(Object.prototype);
        expect(given["polluted"]).toBeUndefined();
      }
    });

    test.each([...NAMES, "toString", "__defineGetter__"])(
      "an answer may contain %s wherever a name is looked up",
      async (name) => {
        const words = [
          { status: 400, body: JSON.stringify({ error: { type: name, code: name, status: name, message: "no" } }) },
          { status: 429, body: JSON.stringify({ error: { type: name, code: name, status: name, message: "no" } }) },
          { body: JSON.stringify({ error: { type: name, code: name, status: name, message: "no" } }) },
          { body: JSON.stringify(SMALL_BODY[wire]).replace(/"(?:stop|end_turn|STOP)"/, JSON.stringify(name)) },
          {
            body: JSON.stringify({
              ...(SMALL_BODY[wire] as object),
              ...hostile(),
              usage: hostile(),
              usageMetadata: hostile(),
            }),
          },
          { body: HOSTILE },
        ];
        for (const said of words) {
          const server = await serving(() => said);
          for (const keys of ["", "stream = true"]) {
            const outcome = await modelAt(wire, server.origin, keys).safeCodegen("Hello");
            if (outcome.ok) expect(outcome.reply.text).toBe("fine");
            else {
              expect(typeof outcome.error.code).toBe("string");
              expect(outcome.error.row.status).toBeGreaterThan(399);
            }
          }
        }
      },
    );

    test("an object that a model writes keeps only the properties of its schema", async () => {
      const text = HOSTILE;
      const server = await serving(() => ({
        body: JSON.stringify(SMALL_BODY[wire]).replace('"fine"', JSON.stringify(text)),
      }));
      const schema = z.object({ city: z.string(), note: z.string().optional() });
      const { object } = await modelAt(wire, server.origin).object(schema, "Hello");
      expect(object).toEqual({ city: "Oslo" });
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
      const open = await modelAt(wire, server.origin).object(z.looseObject({ city: z.string() }), "Hello");
      expect((open.object as Record<string, unknown>)["polluted"]).toBeUndefined();
      expect(Object.getPrototypeOf(open.object)).toBe(Object.prototype);
    });
  });
}

test("an unfinished object inherits nothing from what a model writes", () => {
  const json = new GrowingJson();
  for (const char of HOSTILE) {
    json.push(char);
    const partial = json.value() as Record<string, unknown> | undefined;
    if (partial !== undefined) expect(Object.getPrototypeOf(partial)).toBe(Object.prototype);
    expect(partial?.["polluted"]).toBeUndefined();
  }
});

test("Gemini's argument paths cannot leave the arguments object", async () => {
  const rows = [
    "$.__proto__.polluted",
    "$.constructor.prototype.polluted",
    "$.a[0]",
    "$.a['__proto__'].polluted",
    "$.a.constructor.prototype.polluted",
    "$['__proto__']['polluted']",
  ];
  const { PartialArguments } = await import("../../src/dialects/google/partial-args.ts");
  const args = new PartialArguments();
  for (const jsonPath of rows) args.add({ jsonPath, stringValue: "yes" });
  const read = JSON.parse(args.toJson()) as Record<string, unknown>;
  expect(Object.keys(read)).toContain("a");
  expect(read["polluted"]).toBeUndefined();
});

/** An answer that calls a tool with the hostile arguments. */
function callBody(wire: (typeof WIRES)[number]): unknown {
  const body = structuredClone(SMALL_BODY[wire]) as Record<string, never>;
  switch (wire) {
    case "openai":
      return {
        ...body,
        choices: [
          {
            index: 0,
            finish_reason: "tool_calls",
            message: {
              role: "assistant",
              content: null,
              tool_calls: [{ id: "c1", type: "function", function: { name: "weather", arguments: HOSTILE } }],
            },
          },
        ],
      };
    case "openai-responses":
      return {
        ...body,
        output: [
          { type: "function_call", id: "f1", call_id: "c1", name: "weather", arguments: HOSTILE, status: "completed" },
        ],
      };
    case "anthropic":
      return {
        ...body,
        stop_reason: "tool_use",
        content: [{ type: "tool_use", id: "c1", name: "weather", input: hostile() }],
      };
    case "google":
      return {
        ...body,
        candidates: [
          {
            index: 0,
            finishReason: "STOP",
            content: { role: "model", parts: [{ functionCall: { name: "weather", args: hostile() } }] },
          },
        ],
      };
  }
}

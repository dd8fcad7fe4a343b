import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { gateway } from "../../src/gateway/gateway.ts";
import { host } from "../harness/host.ts";
import { factoryOf } from "../harness/simulated.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { ERROR_SHAPE, PATHS } from "./raw-client.ts";
import { hostEntry } from "./world.ts";

const SCHEMA = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const IMAGE = "iVBORw0KGgo=";

/** Requests with something of everything, as clients send them. */
const BODIES: Readonly<Record<Wire, object>> = {
  openai: {
    model: "m",
    messages: [
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: `data:image/png;base64,${IMAGE}`, detail: "low" } },
        ],
      },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: '{"city":"Oslo"}' } }],
      },
      { role: "tool", tool_call_id: "c1", content: "sunny" },
    ],
    tools: [{ type: "function", function: { name: "f", description: "weather", parameters: SCHEMA, strict: true } }],
    tool_choice: { type: "function", function: { name: "f" } },
    response_format: { type: "json_schema", json_schema: { name: "s", schema: SCHEMA, strict: true } },
    ...{
      max_completion_tokens: 99,
      temperature: 0.5,
      stop: ["x"],
      n: 1,
      seed: 1,
      user: "ann",
      logit_bias: { "50256": -100 },
    },
    ...{
      metadata: { app: "web" },
      reasoning_effort: "low",
      stream_options: { include_usage: true },
      parallel_tool_calls: true,
    },
  },
  "openai-responses": {
    ...{
      model: "m",
      instructions: "Be brief.",
      max_output_tokens: 99,
      store: false,
      user: "ann",
      metadata: { app: "web" },
    },
    input: [
      {
        role: "user",
        content: [
          { type: "input_text", text: "What?" },
          { type: "input_image", image_url: `data:image/png;base64,${IMAGE}`, detail: "auto" },
        ],
      },
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm" }], encrypted_content: "abc" },
      { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "sunny" },
    ],
    tools: [{ type: "function", name: "f", parameters: SCHEMA, strict: true }, { type: "web_search" }],
    ...{
      tool_choice: "auto",
      text: { format: { type: "json_schema", name: "s", schema: SCHEMA } },
      reasoning: { effort: "low", summary: "auto" },
    },
    ...{ include: ["reasoning.encrypted_content"], truncation: "auto", temperature: 0.5, parallel_tool_calls: false },
  },
  anthropic: {
    ...{
      model: "m",
      max_tokens: 2_000,
      system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }],
    },
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What?" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: IMAGE } },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm", signature: "abc" },
          { type: "tool_use", id: "c1", name: "f", input: { city: "Oslo" } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "c1", content: [{ type: "text", text: "sunny" }], is_error: false },
        ],
      },
    ],
    tools: [{ name: "f", description: "weather", input_schema: SCHEMA }],
    ...{
      tool_choice: { type: "auto", disable_parallel_tool_use: true },
      thinking: { type: "enabled", budget_tokens: 1_024 },
    },
    ...{ stop_sequences: ["x"], metadata: { user_id: "ann" }, top_k: 5, service_tier: "auto" },
  },
  google: {
    systemInstruction: { parts: [{ text: "Be brief." }] },
    contents: [
      { role: "user", parts: [{ text: "What?" }, { inlineData: { mimeType: "image/png", data: IMAGE } }] },
      {
        role: "model",
        parts: [{ functionCall: { id: "c1", name: "f", args: { city: "Oslo" } }, thoughtSignature: "YWJj" }],
      },
      { role: "user", parts: [{ functionResponse: { id: "c1", name: "f", response: { output: "sunny" } } }] },
    ],
    tools: [{ functionDeclarations: [{ name: "f", description: "weather", parametersJsonSchema: SCHEMA }] }],
    toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["f"] } },
    generationConfig: {
      maxOutputTokens: 99,
      temperature: 0.5,
      stopSequences: ["x"],
      thinkingConfig: { thinkingBudget: 100 },
    },
    safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
  },
};

type Path = readonly (string | number)[];

function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, [...path, key]))];
}

const ODD = [
  null,
  true,
  0,
  -1,
  1e308,
  "",
  "x",
  [],
  {},
  [null],
  [[]],
  { type: "unknown" },
  "\ud800",
  "__proto__",
  "a\0b",
];

interface Change {
  readonly at: number;
  readonly value: unknown;
  readonly how: "replace" | "delete" | "repeat" | "wrap";
}

const changes = fc.array(
  fc.record({
    at: fc.nat(),
    value: fc.oneof(fc.constantFrom(...ODD), fc.jsonValue({ maxDepth: 3 })),
    how: fc.constantFrom("replace", "delete", "repeat", "wrap"),
  }),
  { minLength: 1, maxLength: 4 },
) as fc.Arbitrary<Change[]>;

function changed(body: object, list: readonly Change[]): unknown {
  const root = { body: structuredClone(body) as unknown };
  for (const { at, value, how } of list) {
    const paths = pathsIn(root).slice(1);
    const path = paths[at % paths.length];
    if (path === undefined) continue;
    const key = path.at(-1) as string;
    const parent = path.slice(0, -1).reduce<unknown>((inner, step) => (inner as Record<string, unknown>)[step], root);
    const owner = parent as Record<string, unknown>;
    if (how === "replace") owner[key] = value;
    else if (how === "wrap") owner[key] = [owner[key]];
    else if (how === "repeat") owner[key] = [owner[key], structuredClone(owner[key])];
    else delete owner[key];
  }
  return root.body;
}

/** A gateway before a provider that takes everything. */
async function served(wire: Wire) {
  const upstream = await host();
  const base = wire.startsWith("openai") ? `${upstream.url}/v1` : upstream.url;
  const factory = factoryOf(hostEntry(wire, base, 'num_retries = 0\ntimeout = "20s"'));
  const made = gateway({ factory });
  onTestFinished(() => made.close());
  return made;
}

/** The wire of the provider for each wire of a client. */
const OTHER: Readonly<Record<Wire, Wire>> = {
  openai: "anthropic",
  "openai-responses": "google",
  anthropic: "openai",
  google: "openai-responses",
};

const pathOf = (wire: Wire) => PATHS[wire].replace("models/openai:", "models/m:");

describe("a mutated request", () => {
  for (const wire of WIRES) {
    const isAnswered = async ({ fetch }: Awaited<ReturnType<typeof served>>, body: string | Uint8Array) => {
      const request = new Request(`http://localhost${pathOf(wire)}`, { method: "POST", body: body as string });
      const response = await fetch(request);
      const text = await response.text();
      if (response.status === 200) return;
      expect(response.status, text).toBeGreaterThanOrEqual(400);
      expect(response.status, text).toBeLessThan(500);
      expect(JSON.parse(text), text).toMatchObject(ERROR_SHAPE[wire]);
    };

    it(`of ${wire} is served or refused, never a failure`, async () => {
      const [same, other] = [await served(wire), await served(OTHER[wire])];
      await fc.assert(
        fc.asyncProperty(changes, fc.boolean(), (list, isSame) =>
          isAnswered(isSame ? same : other, JSON.stringify(changed(BODIES[wire], list)) ?? ""),
        ),
        { numRuns: 150 },
      );
    });

    it(`of ${wire} with changed bytes is served or refused, never a failure`, async () => {
      const made = await served(OTHER[wire]);
      const bytes = Buffer.from(JSON.stringify(BODIES[wire]));
      const edit = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
      await fc.assert(
        fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), fc.nat(bytes.length), async (edits, cut) => {
          const broken = Buffer.from(bytes);
          for (const [at, byte] of edits) broken[at] = byte;
          await isAnswered(made, cut % 5 === 0 ? broken.subarray(0, cut) : broken);
        }),
        { numRuns: 60 },
      );
    });
  }
});

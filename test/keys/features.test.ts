import { expect } from "vitest";
import * as z from "zod";
import type { CallOptions } from "../../src/model/options.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { callTest, keyTest } from "./key-test.ts";
import { answered, ask, entry, factoryOf, onEveryWire, simulate } from "./world.ts";

keyTest(
  "models.*.prompt_cache",
  onEveryWire(
    'prompt_cache = true\nsystem = "Be brief."',
    {
      openai: { prompt_cache_key: expect.stringMatching(/^mw-/) },
      "openai-responses": { prompt_cache_key: expect.stringMatching(/^mw-/) },
      anthropic: {
        system: [{ cache_control: { type: "ephemeral" } }],
        messages: [{ content: [{ cache_control: { type: "ephemeral" } }] }],
      },
      // Gemini caches by itself and is asked for nothing.
      google: "nothing",
    },
    { without: 'system = "Be brief."' },
  ),
);

keyTest(
  "models.*.prompt_cache.ttl",
  onEveryWire(
    'prompt_cache = { ttl = "1h" }',
    {
      openai: "reported",
      "openai-responses": "reported",
      anthropic: { messages: [{ content: [{ cache_control: { type: "ephemeral", ttl: "1h" } }] }] },
      google: "reported",
    },
    { without: "prompt_cache = true" },
  ),
);

keyTest("models.*.prompt_cache.points", async () => {
  const simulator = await simulate();
  const marked = async (points: string) => {
    const lines = `system = "Be brief."\nprompt_cache = { points = ${points} }`;
    const { body } = await answered(simulator, entry("anthropic", simulator, lines));
    const { system, messages } = body as {
      system: { cache_control?: object }[];
      messages: { content: { cache_control?: object }[] }[];
    };
    return {
      system: system[0]?.cache_control !== undefined,
      user: messages[0]?.content[0]?.cache_control !== undefined,
    };
  };
  expect(await marked('["system"]')).toEqual({ system: true, user: false });
  expect(await marked('["last-user"]')).toEqual({ system: false, user: true });
  for (const wire of ["openai", "openai-responses", "google"] as const) {
    const { reply } = await answered(simulator, entry(wire, simulator, 'prompt_cache = { points = ["system"] }'));
    expect(reply.adjustments, wire).toMatchObject([{ setting: "prompt_cache", to: true }]);
  }
});

keyTest("models.*.stream", async () => {
  const simulator = await simulate();
  const streamed = (wire: Wire, request: { path: string; body: unknown }) =>
    wire === "google"
      ? request.path.includes(":streamGenerateContent")
      : (request.body as { stream?: boolean }).stream === true;
  for (const wire of WIRES) {
    const plain = await answered(simulator, entry(wire, simulator));
    const keyed = await answered(simulator, entry(wire, simulator, "stream = true"));
    expect([streamed(wire, plain.request), streamed(wire, keyed.request)], wire).toEqual([false, true]);
    expect(keyed.reply.text).toBe(plain.reply.text);
  }
});

const PARAMETERS = '{ type = "object", properties = { path = { type = "string" } }, required = ["path"] }';
const SCHEMA = { type: "object", properties: { path: { type: "string" } }, required: ["path"] };
const NAMED = { name: "read_file", description: "Reads a file." };
const AS_DECLARED = {
  openai: { tools: [{ type: "function", function: { ...NAMED, parameters: SCHEMA } }] },
  "openai-responses": { tools: [{ type: "function", ...NAMED, parameters: SCHEMA }] },
  anthropic: { tools: [{ ...NAMED, input_schema: SCHEMA }] },
  google: { tools: [{ functionDeclarations: [{ ...NAMED, parametersJsonSchema: SCHEMA }] }] },
};

keyTest(
  "models.*.tools",
  onEveryWire(
    `tools = [{ type = "function", function = { name = "read_file", description = "Reads a file.", parameters = ${PARAMETERS} } }]`,
    AS_DECLARED,
  ),
);
keyTest(
  "models.*.tools[].{type,function}",
  onEveryWire(
    `tools = [{ type = "function", function = { name = "read_file", description = "Reads a file.", parameters = ${PARAMETERS} } }]`,
    AS_DECLARED,
  ),
);
keyTest(
  "models.*.tools[].function.{name,description,parameters}",
  onEveryWire(
    `tools = [{ type = "function", function = { name = "read_file", description = "Reads a file.", parameters = ${PARAMETERS} } }]`,
    AS_DECLARED,
  ),
);
keyTest(
  "models.*.tools[].{name,description,parameters}",
  onEveryWire(
    `tools = [{ name = "read_file", description = "Reads a file.", parameters = ${PARAMETERS} }]`,
    AS_DECLARED,
  ),
);

const ENFORCED = {
  openai: { tools: [{ function: { strict: true } }] },
  "openai-responses": { tools: [{ strict: true }] },
  anthropic: { tools: [{ strict: true }] },
  google: "reported",
} as const;
const LOOSE = `tools = [{ name = "read_file", parameters = ${PARAMETERS} }]`;
keyTest(
  "models.*.tools[].strict",
  onEveryWire(`tools = [{ name = "read_file", strict = true, parameters = ${PARAMETERS} }]`, ENFORCED, {
    without: LOOSE,
    setting: "tools.read_file",
  }),
);
keyTest(
  "models.*.tools[].function.strict",
  onEveryWire(
    `tools = [{ type = "function", function = { name = "read_file", strict = true, parameters = ${PARAMETERS} } }]`,
    ENFORCED,
    { without: LOOSE, setting: "tools.read_file" },
  ),
);

keyTest(
  "models.*.tool_choice",
  onEveryWire(
    `tool_choice = "required"\n${LOOSE}`,
    {
      openai: { tool_choice: "required" },
      "openai-responses": { tool_choice: "required" },
      anthropic: { tool_choice: { type: "any" } },
      google: { toolConfig: { functionCallingConfig: { mode: "ANY" } } },
    },
    { without: LOOSE },
  ),
);

const EVERYWHERE_DROPPED = {
  openai: "dropped",
  "openai-responses": "dropped",
  anthropic: "dropped",
  google: "dropped",
} as const;

const CHOSEN = {
  openai: { tool_choice: { type: "function", function: { name: "read_file" } } },
  "openai-responses": { tool_choice: { type: "function", name: "read_file" } },
  anthropic: { tool_choice: { type: "tool", name: "read_file" } },
  google: { toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["read_file"] } } },
};
keyTest(
  "models.*.tool_choice.name",
  onEveryWire(`tool_choice = { name = "read_file" }\n${LOOSE}`, CHOSEN, { without: LOOSE }),
);
keyTest(
  "models.*.tool_choice.{type,function}",
  onEveryWire(`tool_choice = { type = "function", function = { name = "read_file" } }\n${LOOSE}`, CHOSEN, {
    without: LOOSE,
  }),
);
keyTest(
  "models.*.tool_choice.function.name",
  onEveryWire(`tool_choice = { type = "function", function = { name = "read_file" } }\n${LOOSE}`, CHOSEN, {
    without: LOOSE,
  }),
);

keyTest(
  "models.*.parallel_tool_calls",
  onEveryWire(
    `parallel_tool_calls = false\n${LOOSE}`,
    {
      openai: { parallel_tool_calls: false },
      "openai-responses": { parallel_tool_calls: false },
      anthropic: { tool_choice: { type: "auto", disable_parallel_tool_use: true } },
      google: "dropped",
    },
    { without: LOOSE },
  ),
);

keyTest(
  "models.*.{tool_choice,parallel_tool_calls}",
  // Without tools there is nothing to choose from, which is said rather than swallowed.
  async () => {
    await onEveryWire('tool_choice = "required"', EVERYWHERE_DROPPED)();
    await onEveryWire("parallel_tool_calls = false", EVERYWHERE_DROPPED)();
  },
);

keyTest("models.*.drop_params", async () => {
  const simulator = await simulate();
  const kept = await ask(simulator, entry("anthropic", simulator, "seed = 1\ndrop_params = true"));
  const refused = await ask(simulator, entry("anthropic", simulator, "seed = 1\ndrop_params = false"));
  expect(kept.reply?.adjustments).toMatchObject([{ setting: "seed", from: 1 }]);
  expect(refused.error?.code).toBe("unsupported");
  expect(refused.requests).toHaveLength(0);
});

keyTest("models.*.modify_params", async () => {
  const simulator = await simulate();
  const tooMany = "max_new_tokens = 500\ncapabilities = { max_output = 100 }";
  const clamped = await answered(simulator, entry("openai", simulator, `${tooMany}\nmodify_params = true`));
  const refused = await ask(simulator, entry("openai", simulator, `${tooMany}\nmodify_params = false`));
  expect(clamped.body).toMatchObject({ max_completion_tokens: 100 });
  expect(clamped.reply.adjustments).toMatchObject([{ setting: "max_new_tokens", from: 500, to: 100 }]);
  expect(refused.error?.code).toBe("unsupported");
  expect(refused.requests).toHaveLength(0);
});

keyTest("models.*.drop", async () => {
  const simulator = await simulate();
  const sent = await answered(simulator, entry("openai", simulator, "temperature = 0.5\nseed = 1"));
  const dropped = await answered(
    simulator,
    entry("openai", simulator, 'temperature = 0.5\nseed = 1\ndrop = ["temperature"]'),
  );
  expect(sent.body).toMatchObject({ temperature: 0.5, seed: 1 });
  expect(dropped.body).not.toHaveProperty("temperature");
  expect(dropped.body).toMatchObject({ seed: 1 });
  expect(dropped.reply.adjustments).toMatchObject([{ setting: "temperature", from: 0.5 }]);
});

keyTest("models.*.allow", async () => {
  const simulator = await simulate();
  const held = await answered(simulator, entry("openai", simulator, "top_k = 40"));
  const allowed = await answered(simulator, entry("openai", simulator, 'top_k = 40\nallow = ["top_k"]'));
  expect(held.body).not.toHaveProperty("top_k");
  expect(allowed.body).toMatchObject({ top_k: 40 });
  expect(allowed.reply.adjustments).toEqual([]);
});

keyTest("models.*.{drop,allow}", async () => {
  const simulator = await simulate();
  const { body } = await answered(simulator, entry("openai", simulator, 'max_tokens = 50\ndrop = ["max_tokens"]'));
  expect(body).not.toHaveProperty("max_completion_tokens");
  for (const key of ["drop", "allow"]) {
    const mistaken = entry("openai", simulator, `${key} = ["temprature"]`);
    expect(() => factoryOf(mistaken)).toThrow(/did you mean "temperature"/);
  }
});

keyTest("models.*.strict", async () => {
  const simulator = await simulate();
  const relaxed = await ask(simulator, entry("anthropic", simulator, "seed = 1"));
  const refused = await ask(simulator, entry("anthropic", simulator, "seed = 1\nstrict = true"));
  // Also what only the encoder of a wire knows it cannot say.
  const inWire = await ask(simulator, entry("openai", simulator, "web_search = { max_uses = 3 }\nstrict = true"));
  expect(relaxed.reply).toBeDefined();
  expect([refused.error?.code, inWire.error?.code]).toEqual(["unsupported", "unsupported"]);
  expect([...refused.requests, ...inWire.requests]).toHaveLength(0);
});

/** Of an answer that runs into its token limit: text, finish reason and the number of requests. */
async function lengthened(lines: string, call?: CallOptions): Promise<unknown> {
  const parts = [{ answer: { text: "one ", finish: "length" } }, { answer: { text: "two" } }] as const;
  const simulator = await simulate({ script: [...parts] });
  const { reply, requests } = await ask(simulator, entry("openai", simulator, lines), call && { call });
  return [reply?.text, reply?.finishReason, requests.length];
}

keyTest("models.*.continue_on_length", async () => {
  expect(await lengthened("")).toEqual(["one ", "length", 1]);
  expect(await lengthened("continue_on_length = 1")).toEqual(["one two", "stop", 2]);
});

callTest("continueOnLength", async () => {
  expect(await lengthened("continue_on_length = 1", { continueOnLength: 0 })).toEqual(["one ", "length", 1]);
  expect(await lengthened("", { continueOnLength: 1 })).toEqual(["one two", "stop", 2]);
});

keyTest("models.*.repair", async () => {
  const simulator = await simulate();
  const schema = z.object({ city: z.string() });
  for (const repair of [0, 2]) {
    simulator.reset();
    simulator.script({ answer: { text: '{"town": "Rome"}' }, times: Number.POSITIVE_INFINITY });
    const model = factoryOf(entry("openai", simulator, `repair = ${repair}`)).create();
    await expect(model.object(schema, "Which city?")).rejects.toMatchObject({ code: "invalid_output" });
    expect(simulator.requests).toHaveLength(1 + repair);
  }
});

keyTest("models.*.strip_special_tokens.{tokens,where}", async () => {
  const simulator = await simulate();
  const text = "</s>one<|im_end|> two<|mine|></s>";
  const spoken = async (table: string) => {
    simulator.script({ answer: { text } });
    return (await answered(simulator, entry("openai", simulator, `strip_special_tokens = ${table}`))).reply.text;
  };
  expect(await spoken("{}")).toBe("</s>one<|im_end|> two<|mine|>");
  expect(await spoken('{ tokens = ["</s>", "<|mine|>"] }')).toBe("</s>one<|im_end|> two");
  expect(await spoken('{ where = "edges" }')).toBe("one<|im_end|> two<|mine|>");
  expect(await spoken('{ where = "anywhere" }')).toBe("one two<|mine|>");
  expect(await spoken('{ where = "anywhere", tokens = ["<|mine|>"] }')).toBe("</s>one<|im_end|> two</s>");
});

keyTest("models.*.strip_special_tokens", async () => {
  const simulator = await simulate();
  const text = "one<|im_end|> two<|mine|><|im_end|>";
  const spoken = async (lines: string, samples = 1) => {
    simulator.script({ answer: { text } });
    const { reply } = await answered(simulator, entry("openai", simulator, `batch_size = 2\n${lines}`), {
      call: { samples },
    });
    return reply.samples?.map((sample) => sample.text) ?? reply.text;
  };
  expect(await spoken("")).toBe(text);
  expect(await spoken("strip_special_tokens = false")).toBe(text);
  expect(await spoken("strip_special_tokens = true")).toBe("one<|im_end|> two<|mine|>");
  expect(await spoken('strip_special_tokens = ["<|mine|>", "<|im_end|>"]')).toBe("one<|im_end|> two");
  expect(await spoken("strip_special_tokens = true\nstream = true")).toBe("one<|im_end|> two<|mine|>");
  expect(await spoken("strip_special_tokens = true", 2)).toEqual([
    "one<|im_end|> two<|mine|>",
    "one<|im_end|> two<|mine|>",
  ]);
});

keyTest("models.*.dimensions", async () => {
  for (const wire of ["openai", "google"] as const) {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator, "dimensions = 16")).create();
    expect((await model.embed(["a"])).embeddings[0]).toHaveLength(16);
    expect((await model.embed(["a"], { dimensions: 8 })).embeddings[0]).toHaveLength(8);
  }
});

keyTest("models.*.embed_batch_size", async () => {
  const simulator = await simulate();
  const model = factoryOf(entry("openai", simulator, "embed_batch_size = 2")).create();
  expect((await model.embed(["a", "b", "c"])).embeddings).toHaveLength(3);
  expect(simulator.requests).toHaveLength(2);
});
